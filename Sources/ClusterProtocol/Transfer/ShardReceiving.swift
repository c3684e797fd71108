// SPDX-License-Identifier: MIT

package import BitNetCore

/// Takes the parts that come on one weights connection.
///
/// Several may be open: offered and looked for on disk, arriving, or being checked and synced. Whatever does not
/// belong is the coordinator's fault; after `.refuse` nothing more is taken.
package struct ShardReceiving: Equatable, Sendable {
    private enum Phase: Equatable {
        case looking
        case arriving(PartReceiving)
        case verifying
    }

    private struct Transfer: Equatable {
        let file: PartFile
        var phase: Phase
    }

    private var open: [UInt64: Transfer] = [:]
    private var lastNumber: UInt64 = 0
    private var isOver = false

    package init() {}

    /// Whether the next frame is due: bytes of a part that was asked for.
    package var isArriving: Bool {
        open.values.contains { if case .arriving = $0.phase { true } else { false } }
    }

    /// A part is offered as transfer `number`.
    package mutating func offered(transfer number: UInt64, file: PartFile) -> Directive {
        guard !isOver else { return refuse("an offer came after a refusal") }
        guard number == lastNumber + 1 else {
            return refuse("transfer \(number) was opened after transfer \(lastNumber)")
        }
        guard open.count < Limits.transfersMax else {
            return refuse("a part was offered while \(open.count) others are under way")
        }
        guard !open.values.contains(where: { $0.file.digest == file.digest }) else {
            return refuse("part \(file.digest.short) was offered while it is under way")
        }
        lastNumber = number
        open[number] = Transfer(file: file, phase: .looking)
        return .look(file)
    }

    /// The disk was looked through for the part of transfer `number`.
    ///
    /// - Returns: `nil` if a refusal came between.
    package mutating func looked(
        transfer number: UInt64, presentByteCount present: UInt64, isComplete: Bool
    ) -> Directive? {
        guard !isOver else { return nil }
        guard let transfer = open[number], transfer.phase == .looking else {
            preconditionFailure("looked for transfer \(number) of \(open)")
        }
        if isComplete {
            open[number] = nil
        } else {
            open[number]?.phase = .arriving(
                PartReceiving(byteCount: transfer.file.byteCount, presentByteCount: present))
        }
        return .answer(transfer.file, presentByteCount: present, isComplete: isComplete)
    }

    /// A chunk of `count` bytes of transfer `number` has come, that belongs at `offset`.
    package mutating func chunk(transfer number: UInt64, offset: UInt64, byteCount count: Int) -> Directive {
        guard !isOver, case .arriving(var part) = open[number]?.phase else {
            return refuse("a chunk of transfer \(number) came, which takes none now")
        }
        switch part.chunk(offset: offset, byteCount: count) {
        case .write(let offset, let count):
            open[number]?.phase = .arriving(part)
            return .write(offset: offset, count: count)
        case .refuse(let reason): return refuse(reason)
        case .verify: preconditionFailure("a chunk ended a part")
        }
    }

    /// The sender says that the part of transfer `number` is whole.
    package mutating func ended(transfer number: UInt64) -> Directive {
        guard !isOver, let transfer = open[number], case .arriving(var part) = transfer.phase else {
            return refuse("an end of transfer \(number) came, which was not due")
        }
        if case .refuse(let reason) = part.end() { return refuse(reason) }
        open[number]?.phase = .verifying
        return .verify(transfer.file)
    }

    /// The part of transfer `number` is in the store, or was thrown away.
    package mutating func verified(transfer number: UInt64) {
        guard open.removeValue(forKey: number)?.phase == .verifying else {
            preconditionFailure("verified transfer \(number) of \(open)")
        }
    }

    private mutating func refuse(_ reason: String) -> Directive {
        isOver = true
        return .refuse(reason)
    }
}
