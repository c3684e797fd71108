// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Synchronization

/// The control connection to one worker: heartbeats, answers that somebody waits for, and the first failure.
final class WorkerControl: Sendable {
    private struct State {
        var monitor: HeartbeatMonitor
        var arrived: [FrameType: Frame] = [:]
        var waiting: (type: FrameType, continuation: CheckedContinuation<Frame, any Error>)?
        var failure: ClusterError?
        var latest: HeartbeatReply?
        /// Those of the last heartbeats, the oldest first.
        var machine: [MachineFigures] = []
        var isReleased = false
        var worker: WorkerIdentity
        var keepAlive: Task<Void, Never>?
    }

    let capabilities: Capabilities
    /// The worker's release.
    let build: String
    private let connection: FrameConnection
    private let onFailure: @Sendable (ClusterError) -> Void
    private let state: Mutex<State>

    /// Takes the connection over; `onFailure` is called at most once, from any thread.
    init(
        worker: WorkerIdentity, capabilities: Capabilities, build: String, connection: FrameConnection,
        onFailure: @escaping @Sendable (ClusterError) -> Void
    ) {
        self.capabilities = capabilities
        self.build = build
        self.connection = connection
        self.onFailure = onFailure
        state = Mutex(State(monitor: HeartbeatMonitor(now: .now), worker: worker))
        connection.deliver(
            to: FrameSink(
                received: { [weak self] in self?.received($0) },
                closed: { [weak self] error in self?.lost(error.words) }))
        let keepAlive = Task { await self.keepAlive() }
        state.withLock { $0.keepAlive = keepAlive }
    }

    var worker: WorkerIdentity { state.withLock { $0.worker } }

    /// From now on messages name the stage as well.
    func assign(stage index: Int, layers: LayerRange) {
        state.withLock { $0.worker.stage = (index, layers) }
    }

    func send(_ frame: Frame) {
        connection.send(frame)
    }

    /// Sends heartbeats and watches the answers until the task is cancelled or the worker is lost.
    private func keepAlive() async {
        while !Task.isCancelled {
            let directive = state.withLock { $0.failure == nil ? $0.monitor.tick(now: .now) : nil }
            switch directive {
            case .sendHeartbeat(let sequence):
                connection.send(Frame(Heartbeat(sequence: sequence)))
            case .lost(let silence):
                return lost("no heartbeat for \(silence.seconds.text(places: 1)) s")
            case nil:
                break
            }
            try? await Task.sleep(for: Limits.heartbeatInterval / 2)
        }
    }

    /// The next frame of `type`; heartbeats guard the wait, and `duration` bounds it.
    func expect(_ type: FrameType, within duration: Duration) async throws -> Frame {
        let timer = Task {
            try await Task.sleep(for: duration)
            fail(ClusterError(.stalled, "\(worker) did not answer with \(type) within \(duration)"))
        }
        defer { timer.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                if let failure = state.failure {
                    continuation.resume(throwing: failure)
                } else if let frame = state.arrived.removeValue(forKey: type) {
                    continuation.resume(returning: frame)
                } else {
                    state.waiting = (type, continuation)
                }
            }
        }
    }

    /// What the worker said of itself last.
    var latest: HeartbeatReply? { state.withLock { $0.latest } }

    /// Share of processor time that other virtual machines took of late; `nil` if it is not known.
    var stealFraction: Double? {
        state.withLock { state in
            guard let first = state.machine.first, let last = state.machine.last else { return nil }
            return last.stealFraction(since: first)
        }
    }

    /// Heartbeats over which shares are taken: ten seconds of them.
    private static let machineFiguresMax = 20

    /// What went wrong with the worker first, if anything did.
    var failure: ClusterError? { state.withLock { $0.failure } }

    /// Of the last heartbeat that was answered.
    var lastRoundTrip: Duration? { state.withLock { $0.monitor.lastRoundTrip } }

    /// Starts to look for the longest round trip of a heartbeat anew.
    func forgetWorstRoundTrip() { state.withLock { $0.monitor.forgetWorstRoundTrip() } }

    /// The longest round trip of a heartbeat since ``forgetWorstRoundTrip()``.
    var worstRoundTrip: Duration? { state.withLock { $0.monitor.worstRoundTrip } }

    /// From now on the end of the connection is no failure.
    func release() {
        state.withLock { $0.isReleased = true }
        connection.send(Frame(Release()))
    }

    func close() {
        state.withLock { state in
            state.isReleased = true
            state.keepAlive?.cancel()
        }
        connection.close()
    }

    /// What really happened when another connection to this worker broke: its loss or its own report, which
    /// the control connection may bring a moment later.
    func cause(of error: any RemediableError) async -> ClusterError {
        try? await Task.sleep(for: Limits.rootCauseGrace)
        return state.withLock { $0.failure } ?? ClusterError(.lost, "\(worker): \(error.message)")
    }

    /// Ends every wait with `error`, unless there was a failure before.
    func fail(_ error: ClusterError) {
        var error = error
        let isFirst = state.withLock { state in
            guard state.failure == nil else { return false }
            // A broken link is the trouble of the worker at its other end.
            if error.code != .link { error.worker = state.worker.name }
            state.failure = error
            state.waiting?.continuation.resume(throwing: error)
            state.waiting = nil
            return !state.isReleased
        }
        if isFirst { onFailure(error) }
    }

    private func lost(_ reason: String) {
        fail(
            ClusterError(
                .lost,
                "\(worker) was lost: \(reason). Restart bitnet-worker there and run again; weights that it has "
                    + "on disk are not sent again."))
    }

    private func received(_ frame: Frame) {
        do throws(WireError) {
            switch frame.type {
            case .heartbeatReply:
                let reply = try HeartbeatReply.decode(frame.payload)
                state.withLock { state in
                    state.monitor.received(sequence: reply.sequence, now: .now)
                    state.latest = reply
                    guard let machine = reply.machine else { return }
                    state.machine.append(machine)
                    if state.machine.count > Self.machineFiguresMax { state.machine.removeFirst() }
                }
            case .fault:
                let fault = try Fault.decode(frame.payload)
                fail(ClusterError(fault.code == .link ? .link : .fault, "\(worker): \(fault.message)"))
            case .storeStatus, .ready, .linked, .released, .measured, .linksProbed:
                state.withLock { state in
                    if let waiting = state.waiting, waiting.type == frame.type {
                        state.waiting = nil
                        waiting.continuation.resume(returning: frame)
                    } else {
                        state.arrived[frame.type] = frame
                    }
                }
            default:
                fail(
                    ClusterError(
                        .fault, "\(worker) sent an unexpected \(frame.type) on its control connection"))
            }
        } catch {
            fail(ClusterError(.fault, "\(worker) sent a \(frame.type) that cannot be read: \(error.message)"))
        }
    }
}
