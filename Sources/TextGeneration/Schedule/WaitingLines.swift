// SPDX-License-Identifier: MIT

import BitNetCore

/// Sequences that wait for a slot: a line for each owner, in the order in which they came.
struct WaitingLines: Equatable, Sendable {
    private var lines: [RequestOwner: [SequenceRequest]] = [:]
    /// Owners who wait; whose turn is longest ago comes first.
    private(set) var owners: [RequestOwner] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    func count(of owner: RequestOwner) -> Int { lines[owner]?.count ?? 0 }

    func first(of owner: RequestOwner) -> SequenceRequest? { lines[owner]?.first }

    mutating func append(_ request: SequenceRequest) {
        if lines[request.owner] == nil { owners.append(request.owner) }
        lines[request.owner, default: []].append(request)
        count += 1
    }

    /// Those of others wait behind those that wait already.
    mutating func append(_ others: WaitingLines) {
        for owner in others.owners {
            for request in others.lines[owner] ?? [] { append(request) }
        }
    }

    /// The sequence has had its turn before: it is the next of its owner, whose own turn stays as it is.
    mutating func putBack(_ request: SequenceRequest) {
        if lines[request.owner] == nil { owners.append(request.owner) }
        lines[request.owner, default: []].insert(request, at: 0)
        count += 1
    }

    /// The sequences go before all others.
    mutating func putFirst(_ requests: [SequenceRequest]) {
        for request in requests.reversed() {
            putBack(request)
            owners.removeAll { $0 == request.owner }
            owners.insert(request.owner, at: 0)
        }
    }

    /// The owner's turn has come, and he waits for the next one.
    mutating func removeFirst(of owner: RequestOwner) {
        guard lines[owner]?.isEmpty == false else { return }
        lines[owner]?.removeFirst()
        count -= 1
        owners.removeAll { $0 == owner }
        if lines[owner]?.isEmpty == false { owners.append(owner) } else { lines[owner] = nil }
    }

    mutating func remove(_ id: UInt64) {
        for owner in owners {
            guard let index = lines[owner]?.firstIndex(where: { $0.id == id }) else { continue }
            lines[owner]?.remove(at: index)
            count -= 1
            if lines[owner]?.isEmpty == true {
                lines[owner] = nil
                owners.removeAll { $0 == owner }
            }
            return
        }
    }
}
