// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import Synchronization

/// Bytes that many clients' bodies, or answers, take together.
///
/// Small ones always pass. No client and no key has more than its share, and what makes no progress gives way to
/// others.
package final class ByteBudget: Sendable {
    /// Requests' bodies until they are decoded.
    static let bodies = ByteBudget(
        byteCountMax: Limits.requestBodiesBytesMax,
        full: APIError.unavailable(
            "too many large requests come at a time: try again", retryAfter: .seconds(1)),
        gaveWay: APIError(
            .requestTimeout, "the body came too slowly while others waited: send it again",
            type: "invalid_request_error", code: "request_timeout"))
    /// Answers until they are sent.
    static let answers = ByteBudget(
        byteCountMax: Limits.answersBytesMax,
        full: APIError.unavailable(
            "too many large answers are being read at a time: try again", retryAfter: .seconds(1)),
        gaveWay: APIError.unavailable("the answer was read too slowly while others waited"))

    private struct Holding {
        let client: ClientConnection
        let owner: String
        var byteCount = 0
        /// Bytes that have moved, and when this was last much more than before.
        var movedByteCount = 0
        var mark: (byteCount: Int, at: ContinuousClock.Instant)
    }

    private struct State {
        var holdings: [UInt64: Holding] = [:]
        var next: UInt64 = 0
        var heldByteCount = 0
    }

    private let byteCountMax: Int
    private let full: APIError
    private let gaveWay: APIError
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    package init(
        byteCountMax: Int, full: APIError, gaveWay: APIError,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.byteCountMax = byteCountMax
        self.full = full
        self.gaveWay = gaveWay
        self.now = now
    }

    package var heldByteCount: Int { state.withLock(\.heldByteCount) }

    /// - Parameter owner: whose share it counts to: a key, or an address.
    package func open(for client: ClientConnection, owner: String) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.holdings[state.next] = Holding(client: client, owner: owner, mark: (0, now()))
            return state.next
        }
    }

    /// - Throws: ``APIError`` (503) if others leave no room for so many more, or this was too slow for them.
    package func take(_ byteCount: Int, for id: UInt64) throws(APIError) {
        let now = now()
        let (refusal, slow) = state.withLock { state -> (APIError?, [ClientConnection]) in
            guard let holding = state.holdings[id] else { return (gaveWay, []) }
            var slow: [ClientConnection] = []
            while holding.byteCount + byteCount > Limits.smallRequestBytesMax {
                let ownedByteCount = state.holdings.values.reduce(0) {
                    $0 + ($1.owner == holding.owner ? $1.byteCount : 0)
                }
                let hasShare = ownedByteCount + byteCount <= byteCountMax / 2
                if hasShare, state.heldByteCount + byteCount <= byteCountMax { break }
                let owner = hasShare ? nil : holding.owner
                guard let client = Self.removeSlowest(&state, besides: id, owner: owner, now) else {
                    return (full, slow)
                }
                slow.append(client)
            }
            state.holdings[id]?.byteCount += byteCount
            state.heldByteCount += byteCount
            Self.move(byteCount, &state.holdings[id], now)
            return (nil, slow)
        }
        for client in slow { client.refuse(gaveWay) }
        if let refusal { throw refusal }
    }

    /// So many bytes have been sent.
    package func sent(_ byteCount: Int, for id: UInt64) {
        let now = now()
        state.withLock { state in
            guard state.holdings[id] != nil else { return }
            state.holdings[id]?.byteCount -= byteCount
            state.heldByteCount -= byteCount
            Self.move(byteCount, &state.holdings[id], now)
        }
    }

    package func close(_ id: UInt64) {
        state.withLock { $0.heldByteCount -= $0.holdings.removeValue(forKey: id)?.byteCount ?? 0 }
    }

    private static func move(
        _ byteCount: Int, _ holding: inout Holding?, _ now: ContinuousClock.Instant
    ) {
        guard var moved = holding else { return }
        moved.movedByteCount += byteCount
        if moved.movedByteCount - moved.mark.byteCount >= Limits.smallRequestBytesMax {
            moved.mark = (moved.movedByteCount, now)
        }
        holding = moved
    }

    /// - Parameter owner: `nil` for anybody's.
    private static func removeSlowest(
        _ state: inout State, besides id: UInt64, owner: String?, _ now: ContinuousClock.Instant
    ) -> ClientConnection? {
        let slow = state.holdings.filter { other, holding in
            other != id && holding.byteCount > Limits.smallRequestBytesMax
                && holding.mark.at.advanced(by: Limits.bodyStallTimeout) <= now
                && (owner == nil || holding.owner == owner)
        }
        guard let slowest = slow.min(by: { $0.value.mark.at < $1.value.mark.at }) else { return nil }
        state.holdings.removeValue(forKey: slowest.key)
        state.heldByteCount -= slowest.value.byteCount
        return slowest.value.client
    }
}

/// A part of a budget that is given back when nobody holds it any more.
final class HeldBytes: Sendable {
    private let id: UInt64
    private let budget: ByteBudget

    init(_ id: UInt64, of budget: ByteBudget) {
        self.id = id
        self.budget = budget
    }

    deinit { budget.close(id) }

    func take(_ byteCount: Int) throws(APIError) { try budget.take(byteCount, for: id) }

    func sent(_ byteCount: Int) { budget.sent(byteCount, for: id) }
}
