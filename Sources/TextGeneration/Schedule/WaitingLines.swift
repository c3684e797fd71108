// SPDX-License-Identifier: MIT

import BitNetCore

/// Sequences that wait for a slot: a line for each owner, in the order in which they came.
///
/// Owners take turns. One who comes has his turn before those who have had theirs in this round, and after those who
/// have not; so newcomers wait for nobody's second turn, and keep nobody from his for ever.
struct WaitingLines: Equatable, Sendable {
    private struct Line: Equatable {
        /// The round in which the owner has his next turn.
        var round: UInt64
        var requests: [SequenceRequest] = []
    }

    private var lines: [RequestOwner: Line] = [:]
    private var round: UInt64 = 0
    /// Owners who wait, in the order of their turns.
    private(set) var owners: [RequestOwner] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    func count(of owner: RequestOwner) -> Int { lines[owner]?.requests.count ?? 0 }

    func first(of owner: RequestOwner) -> SequenceRequest? { lines[owner]?.requests.first }

    mutating func append(_ request: SequenceRequest) {
        if lines[request.owner] == nil { enter(request.owner, round: round) }
        lines[request.owner]?.requests.append(request)
        count += 1
    }

    /// Those of others wait behind those that wait already.
    mutating func append(_ others: WaitingLines) {
        for owner in others.owners {
            for request in others.lines[owner]?.requests ?? [] { append(request) }
        }
    }

    /// The sequence has had its turn in this round: it is the next of its owner.
    mutating func putBack(_ request: SequenceRequest) {
        if lines[request.owner] == nil { enter(request.owner, round: round + 1) }
        lines[request.owner]?.requests.insert(request, at: 0)
        count += 1
    }

    /// The sequences go before all others.
    mutating func putFirst(_ requests: [SequenceRequest]) {
        for request in requests.reversed() {
            putBack(request)
            owners.removeAll { $0 == request.owner }
            owners.insert(request.owner, at: 0)
            lines[request.owner]?.round = 0
        }
    }

    /// The owner has his turn, and waits for the next one.
    mutating func removeFirst(of owner: RequestOwner) {
        guard var line = lines[owner], !line.requests.isEmpty else { return }
        line.requests.removeFirst()
        count -= 1
        round = max(round, line.round)
        leave(owner)
        guard !line.requests.isEmpty else { return }
        enter(owner, round: round + 1)
        lines[owner]?.requests = line.requests
    }

    mutating func remove(_ id: UInt64) {
        for owner in owners {
            guard let index = lines[owner]?.requests.firstIndex(where: { $0.id == id }) else { continue }
            lines[owner]?.requests.remove(at: index)
            count -= 1
            if count(of: owner) == 0 { leave(owner) }
            return
        }
    }

    private mutating func enter(_ owner: RequestOwner, round: UInt64) {
        let index = owners.firstIndex { lines[$0]?.round ?? 0 > round } ?? owners.count
        owners.insert(owner, at: index)
        lines[owner] = Line(round: round)
    }

    private mutating func leave(_ owner: RequestOwner) {
        lines[owner] = nil
        owners.removeAll { $0 == owner }
    }
}
