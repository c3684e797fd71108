// SPDX-License-Identifier: MIT

import BitNetCore

/// Which slots are free, and what tokens every slot holds.
///
/// A slot keeps what its last sequence has computed until another one takes it, so that a later sequence which
/// begins with the same tokens need not compute them again.
struct SlotTable: Equatable, Sendable {
    /// Fewer tokens than these are computed sooner than they are asked for.
    static let sharedTokensMin = 16

    /// Free slots, the one that was used least recently first.
    private(set) var free: [UInt32]
    /// For every free slot the tokens whose keys and values it holds.
    private var kept: [UInt32: [UInt32]] = [:]

    init(slotCount: Int) {
        free = Array(0..<UInt32(clamping: slotCount))
    }

    /// A slot for a sequence, and what can be taken over of `prompt`.
    ///
    /// - Parameters:
    ///   - prompt: of which at most `shareableCount` tokens need not be computed.
    ///   - running: the sequences that hold the other slots.
    /// - Returns: `nil` if no slot is free.
    mutating func take(
        for prompt: [UInt32], shareableCount: Int, running: some Sequence<ScheduledSequence>
    ) -> (slot: UInt32, prefix: SharedPrefix?)? {
        guard let oldest = free.first else { return nil }
        var best: (slot: UInt32, count: Int, isWhole: Bool)?
        func consider(_ slot: UInt32, _ tokens: some Collection<UInt32>) {
            let count = min(tokens.countShared(with: prompt), shareableCount)
            guard count >= Self.sharedTokensMin, count > best?.count ?? 0 else { return }
            best = (slot, count, count == tokens.count)
        }
        for slot in free { consider(slot, kept[slot] ?? []) }
        for sequence in running { consider(sequence.slot, sequence.sentTokens) }
        guard let best else { return (remove(oldest), nil) }
        let prefix = SharedPrefix(slot: best.slot, tokenCount: UInt32(clamping: best.count))
        // A conversation that goes on takes its own slot; what others may still want is copied, if there is
        // another slot to copy it to.
        if free.contains(best.slot), best.isWhole || free.count == 1 { return (remove(best.slot), prefix) }
        return (remove(free.first { $0 != best.slot } ?? oldest), prefix)
    }

    /// A sequence is over; its slot goes on holding `tokens`.
    mutating func release(_ slot: UInt32, holding tokens: [UInt32]) {
        free.append(slot)
        kept[slot] = tokens
    }

    private mutating func remove(_ slot: UInt32) -> UInt32 {
        free.removeAll { $0 == slot }
        kept[slot] = nil
        return slot
    }
}

extension Collection<UInt32> {
    /// Tokens that are the same from the start on.
    func countShared(with other: [UInt32]) -> Int {
        zip(self, other).prefix { $0 == $1 }.count
    }
}
