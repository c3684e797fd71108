// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterProtocol

/// Sends one worker the parts that it lacks, as the coordinator's own `Shipment` does.
///
/// ``ShardSending`` decides.
final class Shipment {
    private let coordinator: Coordinator
    private let control: Control
    private let end: End
    private var sending: ShardSending
    private var then: ((ClusterError?) -> Void)?

    /// - Parameters:
    ///   - end: a weights connection.
    ///   - then: called once, with what kept the parts from being sent.
    init(
        _ coordinator: Coordinator, to control: Control, on end: End,
        _ then: @escaping (ClusterError?) -> Void
    ) {
        self.coordinator = coordinator
        self.control = control
        self.end = end
        self.then = then
        sending = ShardSending(totalByteCount: 0, now: coordinator.timeline.now)
    }

    /// - Parameter complete: what the worker has already.
    func begin(_ parts: [PartReference], complete: Set<ContentDigest>) {
        end.closed = { [self] in finish(ClusterError(.lost, "\(control.worker.name): weights: closed"))
        }
        end.received = { [self] in take($0) }
        watch()
        for part in parts {
            if complete.contains(part.digest) {
                sending.skip(part)
            } else {
                carryOut(sending.add(part, now: now))
            }
        }
        carryOut(sending.finish(now: now))
    }

    private var now: ContinuousClock.Instant { coordinator.timeline.now }

    private func watch() {
        guard then != nil else { return }
        if let failure = control.failure { return finish(failure) }
        carryOut(sending.tick(now: now))
        coordinator.after(Limits.heartbeatInterval) { [self] in watch() }
    }

    private func take(_ message: Message) {
        switch message {
        case .partStatus(let transfer, let digest, let present, let isComplete):
            carryOut(
                sending.status(
                    transfer: transfer, digest: digest, presentByteCount: present, isComplete: isComplete,
                    now: now))
        case .partProgress(let transfer, let written):
            carryOut(sending.progress(transfer: transfer, writtenByteCount: written, now: now))
        case .partResult(let transfer, let digest, let isAccepted):
            carryOut(
                sending.result(
                    transfer: transfer, digest: digest, isAccepted: isAccepted, message: "damaged", now: now))
        default:
            coordinator.world.journal.fail("\(control.worker.name) sends \(message) while taking weights")
        }
    }

    private func carryOut(_ directives: [ShardSending.Directive]) {
        for directive in directives where then != nil {
            switch directive {
            case .offer(let part, let transfer): end.send(.partOffer(part.file, transfer: transfer))
            case .send(_, let transfer, let offset, let count):
                // Reading takes a moment, and so the next chunk comes later.
                coordinator.after(.microseconds(300)) { [self] in
                    guard then != nil else { return }
                    end.send(
                        .partChunk(transfer: transfer, offset: offset, byteCount: count))
                    carryOut(sending.sent(now: now))
                }
            case .end(_, let transfer): end.send(.partEnd(transfer: transfer))
            case .done: finish(nil)
            case .fail(let error):
                if error.code == .violation { coordinator.world.journal.fail(error.message) }
                finish(ClusterError(.fault, "\(control.worker.name): \(error.message)"))
            }
        }
    }

    func cancel() {
        then = nil
        end.close()
    }

    private func finish(_ error: ClusterError?) {
        let then = then
        self.then = nil
        end.close()
        then?(error)
    }
}
