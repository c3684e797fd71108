// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol

/// Takes the parts that come on one weights connection, as the worker's own `PartReception` does.
///
/// ``ShardReceiving`` decides.
final class PartReception {
    private let end: End
    private let session: WorkerSession
    private var machine = ShardReceiving()
    private var files: [UInt64: PartFile] = [:]
    private var openCount = 0

    init(_ end: End, of session: WorkerSession) {
        self.end = end
        self.session = session
    }

    private var worker: Worker { session.worker }

    func begin() {
        end.received = { [self] in take($0) }
        end.closed = { [self] in abandon() }
    }

    private func abandon() {
        session.abandonParts(openCount)
        openCount = 0
    }

    /// The worker cannot go on with it.
    private func fail(_ message: String) {
        end.close()
        abandon()
        session.report(message)
    }

    private func take(_ message: Message) {
        switch message {
        case .partOffer(let file, let transfer):
            guard session.offer(file) else { return end.close() }
            openCount += 1
            files[transfer] = file
            carryOut(machine.offered(transfer: transfer, file: file), transfer)
        case .partChunk(let transfer, let offset, let byteCount):
            let directive = machine.chunk(transfer: transfer, offset: offset, byteCount: byteCount)
            guard case .write = directive, let file = files[transfer] else {
                return carryOut(directive, transfer)
            }
            guard !worker.disk.isFull else { return fail("the disk is full") }
            let written = offset + UInt64(clamping: byteCount)
            worker.disk.write(file, upTo: written)
            end.send(.partProgress(transfer: transfer, writtenByteCount: written))
        case .partEnd(let transfer): carryOut(machine.ended(transfer: transfer), transfer)
        default:
            session.journal.fail("worker \(worker.name) is sent \(message) on a weights connection")
        }
    }

    private func carryOut(_ directive: ShardReceiving.Directive, _ transfer: UInt64) {
        switch directive {
        case .look(let file):
            worker.after(.milliseconds(1)) { [self] in if end.isOpen { look(for: file, transfer) } }
        case .verify(let file):
            worker.after(.milliseconds(2)) { [self] in if end.isOpen { keep(file, transfer) } }
        case .refuse(let message):
            session.journal.fail("worker \(worker.name) refuses its weights: \(message)")
        case .answer, .write: session.journal.fail("worker \(worker.name) is told \(directive)")
        }
    }

    private func look(for file: PartFile, _ transfer: UInt64) {
        let present = worker.disk.presentByteCount(file)
        guard worker.disk.isWhole(file) || !worker.disk.isFull else { return fail("the disk is full") }
        let directive = machine.looked(
            transfer: transfer, presentByteCount: present, isComplete: worker.disk.isWhole(file))
        guard case .answer(_, let present, let isComplete) = directive else { return }
        let answer = Message.partStatus(
            transfer: transfer, file.digest, presentByteCount: present, isComplete: isComplete)
        if isComplete { settle(file, isThere: true, answer) } else { end.send(answer) }
    }

    private func keep(_ file: PartFile, _ transfer: UInt64) {
        let isAccepted = worker.disk.isWhole(file)
        if !isAccepted { worker.disk.remove(file) }
        machine.verified(transfer: transfer)
        settle(
            file, isThere: isAccepted,
            .partResult(transfer: transfer, file.digest, isAccepted: isAccepted))
    }

    /// The worker's books are right before the coordinator may act on the answer on another connection.
    private func settle(_ file: PartFile, isThere: Bool, _ answer: Message) {
        openCount -= 1
        let isLast = session.settle(file, isThere: isThere)
        end.send(answer)
        if isLast { session.storeCompleted() }
    }
}
