// SPDX-License-Identifier: MIT

import BitNetCore

/// How many slots each owner and each account has, and what follows from it.
struct SlotLoads {
    private var counts: [RequestOwner: Int] = [:]

    init(_ running: some Sequence<ScheduledSequence>) {
        for owner in running.lazy.map(\.request.owner) {
            counts[owner, default: 0] += 1
            if owner.account != owner { counts[owner.account, default: 0] += 1 }
        }
    }

    /// Whether the one has fewer than the other: as an account, or of the same account.
    func isBefore(_ one: RequestOwner, _ other: RequestOwner) -> Bool { load(of: one) < load(of: other) }

    /// Whether `giver` would still have as many as `taker` if he gave him one of his.
    func owes(_ giver: RequestOwner, _ taker: RequestOwner) -> Bool {
        let isOneAccount = giver.account == taker.account
        let (giving, taking) = isOneAccount ? (giver, taker) : (giver.account, taker.account)
        return count(giving) >= count(taking) + 2
    }

    /// The owner with the most of each account that has several: if any of these sequences' owners owes somebody a slot,
    /// one of them does.
    func richest(of sequences: [ScheduledSequence]) -> [RequestOwner] {
        var richest: [RequestOwner: RequestOwner] = [:]
        for owner in sequences.map(\.request.owner) where count(owner.account) > 1 {
            let known = richest[owner.account]
            if known == nil || isBefore(known ?? owner, owner) { richest[owner.account] = owner }
        }
        return Array(richest.values)
    }

    /// Who has the most gives way first, and of his sequences the one that is made up for soonest.
    func givesWay(_ one: ScheduledSequence, before other: ScheduledSequence) -> Bool {
        let (load, otherLoad) = (load(of: one.request.owner), load(of: other.request.owner))
        return load == otherLoad ? one.knownCount < other.knownCount : load > otherLoad
    }

    private func load(of owner: RequestOwner) -> (account: Int, own: Int) {
        (count(owner.account), count(owner))
    }

    private func count(_ owner: RequestOwner) -> Int { counts[owner] ?? 0 }
}
