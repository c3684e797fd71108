// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTransport
import ClusterWire

extension PeerDialer {
    /// Connects to `worker` and shakes hands, with it and no other.
    func connect(
        _ role: ConnectionRole, to worker: WorkerIdentity
    ) async throws -> (connection: FrameConnection, peer: HandshakeSession) {
        try await connect(
            role, to: worker.address, peer: "\(worker)", target: worker.name, peerID: worker.processID)
    }

    /// Has whoever holds `worker` let go of it, if it is up.
    ///
    /// - Throws: ``ClusterError`` when the worker refuses.
    func takeOver(_ worker: WorkerIdentity) async throws {
        do {
            try await connect(.takeOver, to: worker).connection.close()
        } catch let error as TransportError where error.code == .unreachable {
            // Nobody holds it.
        } catch let error as any RemediableError {
            throw ClusterError(.refused, error.message, worker: worker.name)
        }
    }

    /// Opens the control connection, trying again while the worker is not up.
    ///
    /// - Parameters:
    ///   - busyTimeout: how long a worker that another coordinator holds is asked again.
    ///   - onWait: called once, with the reason of the first failure.
    /// - Returns: the connection and who answered.
    /// - Throws: ``ClusterError`` when the worker refuses or does not come up within `limit`.
    func join(
        _ worker: WorkerIdentity, within limit: Duration, busyTimeout: Duration,
        onWait: @Sendable (String) -> Void
    ) async throws -> (connection: FrameConnection, peer: HandshakeSession) {
        let start = ContinuousClock.now
        var hasWaited = false
        while true {
            do {
                return try await connect(.control, to: worker)
            } catch let error as TransportError where error.code == .unreachable {
                guard start.duration(to: .now) < limit else {
                    throw ClusterError(
                        .join, "gave up after \(limit): \(error.message)", worker: worker.name)
                }
                if !hasWaited { onWait(error.message) }
                hasWaited = true
                try await Task.sleep(for: Limits.joinRetryInterval)
            } catch let error as HandshakeError
                where error.code == .busy && start.duration(to: .now) < min(limit, busyTimeout)
                || error.code == .releasing && start.duration(to: .now) < limit
            {
                // The worker may not have noticed yet that its last coordinator is gone, or waits for a disk to let go.
                try await Task.sleep(for: Limits.busyRetryInterval)
            } catch let error as any RemediableError {
                throw ClusterError(.refused, error.message, worker: worker.name)
            }
        }
    }
}
