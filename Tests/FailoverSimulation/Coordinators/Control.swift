// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterProtocol

/// The control connection to one worker, as the coordinator's `WorkerControl` is one.
///
/// ``HeartbeatMonitor`` decides when the worker is lost.
final class Control {
    enum Answer: Equatable {
        case storeStatus
        case ready
        case linked
        case released
    }

    typealias Wait = (Result<Message, ClusterError>) -> Void

    let worker: WorkerPlace
    let processID: UInt64
    let memoryByteCount: UInt64
    private let end: End
    private var monitor: HeartbeatMonitor
    private var arrived: [(Answer, Message)] = []
    private var waiting: (answer: Answer, then: Wait)?
    private(set) var failure: ClusterError?
    private(set) var latest: Message.HeartbeatReply?
    private var isReleased = false
    private var onFailure: ((ClusterError) -> Void)?

    init(
        _ worker: WorkerPlace, _ welcome: Message.Welcome, on end: End,
        onFailure: @escaping (ClusterError) -> Void
    ) {
        self.worker = worker
        processID = welcome.processID
        memoryByteCount = welcome.memoryByteCount
        self.end = end
        self.onFailure = onFailure
        monitor = HeartbeatMonitor(now: end.program.timeline.now)
        end.closed = { [self] in fail(ClusterError(.lost, "\(worker.name) was lost: closed")) }
        end.received = { [self] in take($0) }
        beat()
    }

    private var program: Program { end.program }

    private func beat() {
        guard failure == nil, end.isOpen else { return }
        switch monitor.tick(now: program.timeline.now) {
        case .sendHeartbeat(let sequence): end.send(.heartbeat(sequence))
        case .lost: return fail(ClusterError(.lost, "\(worker.name) was lost: no heartbeat"))
        case nil: break
        }
        program.after(Limits.heartbeatInterval / 2) { [self] in beat() }
    }

    func send(_ message: Message) { end.send(message) }

    /// - Parameter then: called with the next answer of that kind, or with what the worker has failed by.
    func expect(_ answer: Answer, within duration: Duration, _ then: @escaping Wait) {
        if let failure { return then(.failure(failure)) }
        if let index = arrived.firstIndex(where: { $0.0 == answer }) {
            return then(.success(arrived.remove(at: index).1))
        }
        var isOver = false
        waiting = (
            answer,
            { result in
                isOver = true
                then(result)
            }
        )
        program.after(duration) { [self] in
            if !isOver {
                fail(ClusterError(.stalled, "\(worker.name) did not answer within \(duration)"))
            }
        }
    }

    func fail(_ error: ClusterError) {
        guard failure == nil else { return }
        var error = error
        if error.code != .link { error.worker = worker.name }
        failure = error
        let waiting = waiting
        self.waiting = nil
        waiting?.then(.failure(error))
        if !isReleased { onFailure?(error) }
    }

    private func take(_ message: Message) {
        switch message {
        case .heartbeatReply(let reply):
            monitor.received(sequence: reply.sequence, now: program.timeline.now)
            latest = reply
        case .fault(let isLink, let reason):
            fail(ClusterError(isLink ? .link : .fault, "\(worker.name): \(reason)"))
        case .storeStatus: take(.storeStatus, message)
        case .ready: take(.ready, message)
        case .linked: take(.linked, message)
        case .released: take(.released, message)
        default: fail(ClusterError(.fault, "\(worker.name) sent \(message)"))
        }
    }

    private func take(_ answer: Answer, _ message: Message) {
        guard let waiting, waiting.answer == answer else { return arrived.append((answer, message)) }
        self.waiting = nil
        waiting.then(.success(message))
    }

    /// Has the worker let go of everything, and closes.
    func letGo(_ then: @escaping () -> Void) {
        isReleased = true
        end.send(.release)
        expect(.released, within: Limits.releaseTimeout) { [self] _ in
            close()
            then()
        }
    }

    func close() {
        isReleased = true
        waiting = nil
        onFailure = nil
        end.close()
    }
}

extension [Control] {
    /// Has all let go at the same time; one that stands for several stages once.
    func letGo(_ then: @escaping () -> Void) {
        var controls: [Control] = []
        for control in self where !controls.contains(where: { $0 === control }) { controls.append(control) }
        var count = controls.count
        if count == 0 { return then() }
        for control in controls {
            control.letGo {
                count -= 1
                if count == 0 { then() }
            }
        }
    }
}
