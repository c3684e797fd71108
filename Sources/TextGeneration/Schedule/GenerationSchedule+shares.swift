// SPDX-License-Identifier: MIT

import BitNetCore

/// What each owner gets of queue, slots and prompts while others want them too; one who is alone gets all.
extension GenerationSchedule {
    // MARK: The queue

    /// Why `count` sequences of `owner` cannot wait, or `nil`: a request is taken whole or not at all.
    ///
    /// A queue that others have filled still has room for an even share of it.
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
        if hasShare(owner, of: allCount, count: count) { return nil }
        let more = count == 1 ? "" : ", and there is no room for \(count) more"
        return SequenceRefusal(
            .overloaded, "\(waiting.count) sequences are waiting already\(more); try again later")
    }

    /// Whether `count` more of `owner` are within an even share of the queue: his account's, or his of that.
    ///
    /// Owners within a share make the queue twice as long at most, and those of an account beyond its share, half of that.
    private func hasShare(_ owner: RequestOwner, of allCount: Int, count: Int) -> Bool {
        let owners = waiting.owners(of: owner.account)
        let accountCount = owners.reduce(0) { $0 + waiting.count(of: $1) }
        let accountShare = max(waitingMax / (waiting.accountCount + (owners.isEmpty ? 1 : 0)), 1)
        if accountCount + count <= accountShare { return allCount <= 2 * waitingMax }
        let ownCount = waiting.count(of: owner)
        let ownShare = max(accountShare / (owners.count + (ownCount == 0 ? 1 : 0)), 1)
        return ownCount + count <= ownShare && allCount <= waitingMax + waitingMax / 2
    }

    // MARK: Slots

    /// Whose turn it is to get a slot, and the sequence that gives him its own if none is free.
    ///
    /// It is the turn of who has the fewest, first as an account and then of that; and of these of who waits longest.
    /// Whoever cannot go now holds nobody else up.
    func nextTurn() -> (request: SequenceRequest, givingWay: UInt64?)? {
        guard !waiting.isEmpty else { return nil }
        let loads = SlotLoads(running.values)
        if !slots.free.isEmpty {
            return next(of: waiting.owners, loads).map { ($0, nil) }
        }
        let mayGiveWay = decodable.compactMap { running[$0] }.filter(\.hasHadItsTurn)
        let richest = loads.richest(of: mayGiveWay)
        guard !richest.isEmpty else { return nil }
        let owed = waiting.owners.filter { owner in richest.contains { loads.owes($0, owner) } }
        guard let request = next(of: owed, loads) else { return nil }
        let giving = mayGiveWay.filter { loads.owes($0.request.owner, request.owner) }
        return giving.min { loads.givesWay($0, before: $1) }.map { (request, $0.request.id) }
    }

    /// The next sequence of that of `owners`, who have their turns in this order, who has the fewest and can go.
    private func next(of owners: [RequestOwner], _ loads: SlotLoads) -> SequenceRequest? {
        var next: SequenceRequest?
        for owner in owners {
            if let next, !loads.isBefore(owner, next.owner) { continue }
            next = readyRequest(of: owner) ?? next
        }
        return next
    }

    /// The next sequence of an owner, unless it would gain by waiting or has no room in the next chunk.
    private func readyRequest(of owner: RequestOwner) -> SequenceRequest? {
        guard let request = waiting.first(of: owner), unsentCount(of: owner) < prefillChunk,
            !isAboutToShare(request)
        else { return nil }
        return request
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
