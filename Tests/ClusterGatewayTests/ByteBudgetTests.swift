// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Synchronization
import Testing

@Suite struct ByteBudgetTests {
    private let large = 2 << 20

    private func withBudget(_ body: (ByteBudget, (Duration) -> Void) throws -> Void) rethrows {
        let time = SharedTime()
        let budget = ByteBudget(
            byteCountMax: 8 << 20, full: .unavailable("full"), gaveWay: .invalid("slow"), now: { time.now })
        try body(budget) { time.advance(by: $0) }
    }

    @Test func `no owner has more than half, and all together no more than there is`() throws {
        try withBudget { budget, _ in
            let client = ClientConnection()
            let mine = (0..<3).map { _ in budget.open(for: client, owner: "a") }
            try budget.take(large, for: mine[0])
            try budget.take(large, for: mine[1])
            #expect(throws: APIError.unavailable("full")) { try budget.take(large, for: mine[2]) }
            let others = ["b", "c", "d"].map { budget.open(for: client, owner: $0) }
            try budget.take(large, for: others[0])
            try budget.take(large, for: others[1])
            #expect(throws: APIError.unavailable("full")) { try budget.take(large, for: others[2]) }
            // Small ones pass whatever there is.
            try budget.take(Limits.smallRequestBytesMax, for: others[2])
            budget.close(mine[0])
            try budget.take(large - Limits.smallRequestBytesMax, for: others[2])
            for id in mine + others { budget.close(id) }
            #expect(budget.heldByteCount == 0)
        }
    }

    @Test func `what rests gives way to what moves`() throws {
        try withBudget { budget, wait in
            let client = ClientConnection()
            let resting = (0..<4).map { budget.open(for: client, owner: "\($0)") }
            for id in resting { try budget.take(large, for: id) }
            let newcomer = budget.open(for: client, owner: "new")
            #expect(throws: APIError.unavailable("full")) { try budget.take(large, for: newcomer) }
            wait(Limits.bodyStallTimeout)
            // A byte now and then is no progress; much is.
            budget.sent(1, for: resting[0])
            for id in resting.dropFirst() { budget.sent(Limits.smallRequestBytesMax, for: id) }
            try budget.take(large, for: newcomer)
            #expect(throws: APIError.invalid("slow")) { try budget.take(1, for: resting[0]) }
            #expect(throws: APIError.unavailable("full")) { try budget.take(large, for: newcomer) }
        }
    }

    @Test func `a length that no address space holds is refused`() throws {
        withBudget { budget, _ in
            let id = budget.open(for: ClientConnection(), owner: "")
            #expect(throws: APIError.unavailable("full")) { try budget.take(.max, for: id) }
        }
    }
}

private final class SharedTime: Sendable {
    private let state = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { state.withLock { $0 } }

    func advance(by duration: Duration) { state.withLock { $0 += duration } }
}
