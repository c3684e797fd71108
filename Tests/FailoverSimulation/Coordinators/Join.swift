// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator

/// Opens the control connection to one worker, trying again while it is not up, as the coordinator's `PeerDialer` does.
final class Join {
    private let coordinator: Coordinator
    private let worker: WorkerPlace
    private let session: UInt64
    private let start: Int64
    private var dial: Dial?
    private var then: ((Result<(End, Message.Welcome), ClusterError>) -> Void)?

    init(
        _ coordinator: Coordinator, _ worker: WorkerPlace, session: UInt64,
        _ then: @escaping (Result<(End, Message.Welcome), ClusterError>) -> Void
    ) {
        self.coordinator = coordinator
        self.worker = worker
        self.session = session
        start = coordinator.timeline.micros
        self.then = then
        attempt()
    }

    func cancel() {
        then = nil
        dial?.cancel()
        dial = nil
    }

    private func attempt() {
        guard then != nil else { return }
        let hello = Message.Hello(
            role: .control, session: session, node: coordinator.name, version: World.version)
        dial = Dial(coordinator, to: worker.host, hello) { [self] result in
            dial = nil
            switch result {
            case .connected(let end, let welcome): finish(.success((end, welcome)))
            case .failed(let failure): retry(failure)
            }
        }
    }

    private func retry(_ failure: Dial.Failure) {
        let time = Duration.microseconds(coordinator.timeline.micros - start)
        switch failure {
        case .unreachable where time < Limits.joinTimeout:
            coordinator.after(Limits.joinRetryInterval) { [self] in attempt() }
        case .unreachable:
            finish(.failure(ClusterError(.join, "gave up on \(worker.name)", worker: worker.name)))
        case .refused(.busy) where time < Limits.lossTimeout + Limits.busyGrace,
            .refused(.releasing) where time < Limits.joinTimeout:
            coordinator.after(Limits.busyRetryInterval) { [self] in attempt() }
        case .refused, .broken:
            finish(.failure(ClusterError(.refused, "\(worker.name): \(failure)", worker: worker.name)))
        }
    }

    private func finish(_ result: Result<(End, Message.Welcome), ClusterError>) {
        let then = then
        self.then = nil
        then?(result)
    }
}
