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
    /// What free slots hold.
    private var kept: [UInt32: Kept] = [:]

    /// Tokens whose keys and values a slot holds, and who may take them over.
    private struct Kept: Equatable {
        let tokens: [UInt32]
        let scope: Int?
    }

    init(slotCount: Int) {
        free = Array(0..<UInt32(clamping: slotCount))
    }

    /// A slot for a sequence, and what can be taken over of `prompt`.
    ///
    /// - Parameter running: the sequences that hold the other slots.
    /// - Returns: `nil` if no slot is free.
    mutating func take(
        for request: SequenceRequest, running: some Sequence<ScheduledSequence>
    ) -> (slot: UInt32, prefix: SharedPrefix?)? {
        guard let oldest = free.first else { return nil }
        let prompt = request.known
        var best: (slot: UInt32, count: Int, isWhole: Bool)?
        func consider(_ slot: UInt32, _ tokens: some Collection<UInt32>) {
            let count = min(tokens.countShared(with: prompt), request.shareableCount)
            guard count >= Self.sharedTokensMin, count > best?.count ?? 0 else { return }
            best = (slot, count, count == tokens.count)
        }
        for slot in free {
            guard let held = kept[slot], held.scope == request.prefixScope else { continue }
            consider(slot, held.tokens)
        }
        for sequence in running where sequence.request.prefixScope == request.prefixScope {
            consider(sequence.slot, sequence.sentTokens)
        }
        let former = request.formerSlot.flatMap { free.contains($0) ? $0 : nil }
        guard let best else { return (remove(former ?? oldest), nil) }
        let prefix = SharedPrefix(slot: best.slot, tokenCount: UInt32(clamping: best.count))
        if let former { return (remove(former), prefix) }
        // A conversation that goes on takes its own slot; what others may still want is copied, if there is
        // another slot to copy it to.
        if free.contains(best.slot), best.isWhole || free.count == 1 { return (remove(best.slot), prefix) }
        return (remove(free.first { $0 != best.slot } ?? oldest), prefix)
    }

    /// Sequences that have no claim to one of `slots` are given others as long as there are any.
    mutating func takeLast(_ slots: Set<UInt32>) {
        free = free.filter { !slots.contains($0) } + free.filter(slots.contains)
    }

    /// The slot that is taken next anyway, and a probe of it which leaves it as it is: what the slot holds is taken over
    /// but for the last token, and that one computed again.
    ///
    /// - Returns: `nil` if no slot is free.
    mutating func take(forProbe request: SequenceRequest) -> ScheduledSequence? {
        guard let slot = free.first else { return nil }
        var request = request
        if let held = kept[slot], !held.tokens.isEmpty {
            request.prompt = held.tokens
            request.prefixScope = held.scope
        }
        return ScheduledSequence(
            request: request, slot: remove(slot), sharedCount: request.prompt.count - 1)
    }

    /// A sequence is over; its slot goes on holding what was computed of it, unless that is not worth keeping.
    mutating func release(_ sequence: ScheduledSequence, keepsTokens: Bool) {
        let isProbe = sequence.request.isProbe
        free.insert(sequence.slot, at: isProbe ? 0 : free.count)
        kept[sequence.slot] =
            keepsTokens ? Kept(tokens: Array(sequence.sentTokens), scope: sequence.request.prefixScope) : nil
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
