// SPDX-License-Identifier: MIT

import BitNetCore

/// Whose turn it is, in rounds.
///
/// One who comes has his turn before those who have had theirs in this round, and after those who have not; so newcomers
/// wait for nobody's second turn, and keep nobody from his for ever.
struct Turns: Equatable, Sendable {
    private var rounds: [RequestOwner: UInt64] = [:]
    private var round: UInt64 = 0
    /// The next first.
    private(set) var owners: [RequestOwner] = []

    var isEmpty: Bool { owners.isEmpty }

    /// Nothing changes for one who is there already.
    mutating func enter(_ owner: RequestOwner, hasHadTurn: Bool = false) {
        guard rounds[owner] == nil else { return }
        let own = hasHadTurn ? round + 1 : round
        owners.insert(owner, at: owners.firstIndex { rounds[$0] ?? 0 > own } ?? owners.count)
        rounds[owner] = own
    }

    mutating func enterFirst(_ owner: RequestOwner) {
        leave(owner)
        owners.insert(owner, at: 0)
        rounds[owner] = 0
    }

    mutating func leave(_ owner: RequestOwner) {
        guard rounds.removeValue(forKey: owner) != nil else { return }
        owners.removeAll { $0 == owner }
    }

    /// The owner has his turn.
    mutating func pass(_ owner: RequestOwner, wantsMore: Bool) {
        round = max(round, rounds[owner] ?? 0)
        leave(owner)
        if wantsMore { enter(owner, hasHadTurn: true) }
    }
}
