// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTransport
import ClusterWire
import Synchronization

/// The control connection to one worker: heartbeats, answers that somebody waits for, and the first failure.
///
/// It is closed with the last reference to it, whatever becomes of its owner: a worker that nobody uses would be held
/// for as long as it is sent heartbeats.
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

        /// Who waits, no more from here on: to be resumed once the lock is let go of, as whoever cancels a task holds it
        /// and wants the lock.
        mutating func takeWaiting() -> CheckedContinuation<Frame, any Error>? {
            defer { waiting = nil }
            return waiting?.continuation
        }
    }

    let capabilities: Capabilities
    /// The worker's release.
    let build: String
    /// Stages that it can be given at once.
    let stagesMax: Int
    private let connection: FrameConnection
    private let onFailure: @Sendable (ClusterError) -> Void
    private let state: Mutex<State>

    /// Takes the connection over; `onFailure` is called at most once, from any thread.
    ///
    /// - Parameters:
    ///   - peer: the worker as it answered.
    ///   - lossTimeout: how long it may be silent.
    init(
        worker: WorkerIdentity, capabilities: Capabilities, peer: HandshakeSession,
        connection: FrameConnection,
        lossTimeout: Duration, onFailure: @escaping @Sendable (ClusterError) -> Void
    ) {
        self.capabilities = capabilities
        build = peer.peerBuild
        stagesMax = peer.version >= ProtocolVersion.severalStages ? Limits.workerStagesMax : 1
        self.connection = connection
        self.onFailure = onFailure
        state = Mutex(State(monitor: HeartbeatMonitor(now: .now, timeout: lossTimeout), worker: worker))
        connection.deliver(
            to: FrameSink(
                received: { [weak self] in self?.received($0) },
                closed: { [weak self] error in self?.lost(error.words) }))
        let keepAlive = Task { [weak self] in
            while !Task.isCancelled, self?.beat() ?? false {
                try? await Task.sleep(for: Limits.heartbeatInterval / 2)
            }
        }
        state.withLock { $0.keepAlive = keepAlive }
    }

    deinit { close() }

    var worker: WorkerIdentity { state.withLock { $0.worker } }

    /// From now on messages name the stage as well, beside those that were named before.
    func assign(stage index: Int, layers: LayerRange) {
        state.withLock { $0.worker.stages.append((index, layers)) }
    }

    func send(_ frame: Frame) {
        connection.send(frame)
    }

    /// Sends a heartbeat, if it is time for one, and sees whether the last ones were answered.
    ///
    /// - Returns: `false` once the worker is lost.
    private func beat() -> Bool {
        let (directive, hasFailed) = state.withLock { state in
            (state.failure == nil ? state.monitor.tick(now: .now) : nil, state.failure != nil)
        }
        switch directive {
        case .sendHeartbeat(let sequence):
            connection.send(Frame(Heartbeat(sequence: sequence)))
        case .lost(let silence):
            lost("no heartbeat for \(silence.seconds.text(places: 1)) s")
            return false
        case nil:
            break
        }
        return !hasFailed
    }

    /// The next frame of `type`; heartbeats guard the wait, and `duration` bounds it.
    ///
    /// - Throws: ``ClusterError``; `CancellationError` at once when the task is cancelled.
    func expect(_ type: FrameType, within duration: Duration) async throws -> Frame {
        let timer = Task { [weak self] in
            try await Task.sleep(for: duration)
            guard let self else { return }
            fail(ClusterError(.stalled, "\(worker) did not answer with \(type) within \(duration)"))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Frame, any Error>? = state.withLock { state in
                    if let failure = state.failure { return .failure(failure) }
                    if let frame = state.arrived.removeValue(forKey: type) { return .success(frame) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiting = (type, continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.takeWaiting() }?.resume(throwing: CancellationError())
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

    /// Has the worker let go of everything, and closes.
    fileprivate func letGo() async {
        release()
        _ = try? await expect(.released, within: Limits.releaseTimeout)
        close()
    }

    /// Closes at once, which the worker takes as the end of the session.
    func close() {
        let keepAlive = state.withLock { state in
            state.isReleased = true
            return state.keepAlive
        }
        keepAlive?.cancel()
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
        let (isFirst, waiting) = state.withLock { state in
            guard state.failure == nil else { return (false, nil as CheckedContinuation<Frame, any Error>?) }
            // A broken link is the trouble of the worker at its other end.
            if error.code != .link { error.worker = state.worker.name }
            state.failure = error
            return (!state.isReleased, state.takeWaiting())
        }
        waiting?.resume(throwing: error)
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
                fail(ClusterError(fault.code.meaning, "\(worker): \(fault.message)"))
            case .storeStatus, .ready, .linked, .released, .measured, .linksProbed:
                let waiting = state.withLock { state in
                    if state.waiting?.type == frame.type { return state.takeWaiting() }
                    state.arrived[frame.type] = frame
                    return nil
                }
                waiting?.resume(returning: frame)
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

extension FaultCode {
    fileprivate var meaning: ClusterError.Code {
        switch self {
        case .link: .link
        case .takenOver: .takenOver
        default: .fault
        }
    }
}

extension [WorkerControl] {
    /// Has all let go at the same time, one that stands for several stages once, and closes; takes
    /// `Limits.releaseTimeout` at most, and is not shortened by a cancellation, upon which it often follows.
    func letGo() async {
        var seen: Set<ObjectIdentifier> = []
        let controls = filter { seen.insert(ObjectIdentifier($0)).inserted }
        await Task {
            await withDiscardingTaskGroup { group in
                for control in controls { group.addTask { await control.letGo() } }
            }
        }.value
    }
}
