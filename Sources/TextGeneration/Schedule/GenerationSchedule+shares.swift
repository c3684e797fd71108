// SPDX-License-Identifier: MIT

import BitNetCore

/// What each owner gets of queue, slots and prompts while others want them too; one who is alone gets all.
extension GenerationSchedule {
    // MARK: The queue

    /// Why `count` sequences of `owner` cannot wait, or `nil`: a request is taken whole or not at all.
    ///
    /// A queue that others have filled still has room for an owner's even share of it.
    func overload(_ owner: RequestOwner, count: Int) -> SequenceRefusal? {
        let slotCount = slots.free.count + running.count
        guard count <= waitingMax + slotCount || count == 1 else {
            return SequenceRefusal(
                .invalid,
                "the request wants \(count) sequences at once, but \(waitingMax + slotCount) can run and wait; ask "
                    + "for fewer or raise --queue")
        }
        // Those for whom there are slots are not counted: they only wait for their turn to be sent.
        let allCount = waiting.count + count - slots.free.count
        if allCount <= waitingMax { return nil }
        let ownCount = waiting.count(of: owner)
        let ownerCount = waiting.owners.count + (ownCount == 0 ? 1 : 0)
        let share = max(waitingMax / ownerCount, 1)
        if ownCount + count <= share, allCount <= 2 * waitingMax { return nil }
        let more = count == 1 ? "" : ", and there is no room for \(count) more"
        return SequenceRefusal(
            .overloaded, "\(waiting.count) sequences are waiting already\(more); try again later")
    }

    // MARK: Slots

    /// Whose turn it is to get a slot: who has the fewest, and of these who waits longest.
    ///
    /// Whoever cannot go now holds nobody else up.
    func nextRequest() -> SequenceRequest? {
        guard !waiting.isEmpty, !slots.free.isEmpty || mayMakeRoom else { return nil }
        let counts = runningCounts
        var best: (request: SequenceRequest, count: Int)?
        for owner in waiting.owners {
            let count = counts[owner] ?? 0
            guard count < best?.count ?? .max, let request = waiting.first(of: owner),
                unsentCount(of: owner) < prefillChunk, !isAboutToShare(request)
            else { continue }
            best = (request, count)
            if count == 0 { break }
        }
        return best?.request
    }

    /// A sequence that gives its slot to an owner who has none: one of those who have the most, and of his the one that
    /// is made up for soonest.
    ///
    /// Its turn lasts until it has written enough (``ScheduledSequence/hasHadItsTurn``), so that making up for it stays a
    /// small part of the work. Nothing of it is under way then.
    func sequenceGivingWay(to owner: RequestOwner) -> UInt64? {
        let counts = runningCounts
        guard counts[owner] == nil else { return nil }
        func cost(_ sequence: ScheduledSequence) -> (Int, Int) {
            (-(counts[sequence.request.owner] ?? 0), sequence.knownCount)
        }
        return decodable.compactMap { running[$0] }
            .filter { counts[$0.request.owner] ?? 0 > 1 && $0.hasHadItsTurn }
            .min { cost($0) < cost($1) }?.request.id
    }

    private var mayMakeRoom: Bool {
        guard !decodable.isEmpty else { return false }
        let counts = runningCounts
        guard counts.values.contains(where: { $0 > 1 }) else { return false }
        return waiting.owners.contains { counts[$0] == nil }
    }

    private var runningCounts: [RequestOwner: Int] {
        running.values.reduce(into: [:]) { $0[$1.request.owner, default: 0] += 1 }
    }

    // MARK: Prompts

    private func unsentCount(of owner: RequestOwner) -> Int {
        prefilling.reduce(0) { count, id in
            guard let sequence = running[id], sequence.request.owner == owner else { return count }
            return count + sequence.unsentCount
        }
    }

    /// Whether a prompt that is being sent holds more of the beginning of `request` than any slot does so far.
    private func isAboutToShare(_ request: SequenceRequest) -> Bool {
        prefilling.compactMap { running[$0] }.contains { sending in
            guard sending.request.prefixScope == request.prefixScope else { return false }
            let count = min(sending.request.known.countShared(with: request.known), request.shareableCount)
            return count >= SlotTable.sharedTokensMin && count > sending.sentTokens.count
        }
    }

    /// The prompts of which the next chunk is made, and how many tokens of each at most.
    ///
    /// The oldest goes on, the others after it; but half of the chunk goes to prompts of other owners that are through
    /// sooner, so that a short one does not wait for a long one, nor for ever for other short ones.
    func promptShares(of tokenCount: Int) -> [(id: UInt64, tokenCount: Int)] {
        guard let oldest = prefilling.first.flatMap({ running[$0] }) else { return [] }
        var half = tokenCount / 2
        let shorter = prefilling.compactMap { running[$0] }
            .filter { $0.request.owner != oldest.request.owner && $0.unsentCount < oldest.unsentCount }
            .sorted { $0.unsentCount < $1.unsentCount }
        var shares: [(UInt64, Int)] = []
        for sequence in shorter where half > 0 {
            let count = min(half, sequence.unsentCount)
            shares.append((sequence.request.id, count))
            half -= count
        }
        return shares + prefilling.map { ($0, tokenCount) }
    }
}
