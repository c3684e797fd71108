// SPDX-License-Identifier: MIT

import BitNetCore

/// Sequences that wait for a slot: a line for each owner, in the order in which they came.
///
/// Accounts take turns, and the owners of an account take turns with its turns.
struct WaitingLines: Equatable, Sendable {
    private var lines: [RequestOwner: [SequenceRequest]] = [:]
    private var accounts = Turns()
    private var accountOwners: [RequestOwner: Turns] = [:]
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// In no order.
    var all: [SequenceRequest] { lines.values.flatMap { $0 } }

    /// Owners who wait, in the order of their turns.
    var owners: [RequestOwner] { accounts.owners.flatMap(owners) }

    var accountCount: Int { accounts.owners.count }

    /// Those of the account who wait, in the order of their turns.
    func owners(of account: RequestOwner) -> [RequestOwner] { accountOwners[account]?.owners ?? [] }

    func count(of owner: RequestOwner) -> Int { lines[owner]?.count ?? 0 }

    func first(of owner: RequestOwner) -> SequenceRequest? { lines[owner]?.first }

    mutating func append(_ request: SequenceRequest) {
        enter(request.owner)
        lines[request.owner, default: []].append(request)
        count += 1
    }

    /// Those of others wait behind those that wait already.
    mutating func append(_ others: WaitingLines) {
        for owner in others.owners {
            for request in others.lines[owner] ?? [] { append(request) }
        }
    }

    /// The sequence has had its turn in this round: it is the next of its owner.
    mutating func putBack(_ request: SequenceRequest) {
        enter(request.owner, hasHadTurn: true)
        lines[request.owner, default: []].insert(request, at: 0)
        count += 1
    }

    /// The sequences go before all others.
    mutating func putFirst(_ requests: [SequenceRequest]) {
        for request in requests.reversed() {
            putBack(request)
            accounts.enterFirst(request.owner.account)
            accountOwners[request.owner.account]?.enterFirst(request.owner)
        }
    }

    /// The owner has his turn, and waits for the next one.
    mutating func removeFirst(of owner: RequestOwner) {
        guard lines[owner]?.isEmpty == false else { return }
        lines[owner]?.removeFirst()
        count -= 1
        let wantsMore = count(of: owner) > 0
        accountOwners[owner.account]?.pass(owner, wantsMore: wantsMore)
        accounts.pass(owner.account, wantsMore: !owners(of: owner.account).isEmpty)
        tidy(owner)
    }

    mutating func remove(_ id: UInt64) {
        for (owner, line) in lines {
            guard let index = line.firstIndex(where: { $0.id == id }) else { continue }
            lines[owner]?.remove(at: index)
            count -= 1
            if count(of: owner) == 0 { accountOwners[owner.account]?.leave(owner) }
            if owners(of: owner.account).isEmpty { accounts.leave(owner.account) }
            return tidy(owner)
        }
    }

    private mutating func enter(_ owner: RequestOwner, hasHadTurn: Bool = false) {
        accounts.enter(owner.account, hasHadTurn: hasHadTurn)
        accountOwners[owner.account, default: Turns()].enter(owner, hasHadTurn: hasHadTurn)
    }

    /// Nothing is kept of who no longer waits.
    private mutating func tidy(_ owner: RequestOwner) {
        if count(of: owner) == 0 { lines[owner] = nil }
        if owners(of: owner.account).isEmpty { accountOwners[owner.account] = nil }
    }
}
