// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Synchronization
import Testing

@Suite struct SmallestFirstTests {
    @Test func `the smallest of what waits is next, and of equals the first`() async throws {
        let queue = SmallestFirst(threadCount: 1)
        let hold = Holding()
        let order = Answers()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.run(byteCount: 1_000_000) { hold.wait() } }
            try await eventually { hold.isHeld }
            for (index, (name, size)) in [("c", 30), ("a", 1), ("d", 30), ("b", 2)].enumerated() {
                group.addTask {
                    try await queue.run(byteCount: size) { order.add(name) }
                }
                try await eventually { queue.waitingCount == index + 1 }
            }
            hold.release()
            try await group.waitForAll()
        }
        #expect(order.all == "abcd")
    }

    @Test func `who is cancelled while he waits is not served`() async throws {
        let queue = SmallestFirst(threadCount: 1)
        let hold = Holding()
        let first = Task { try await queue.run(byteCount: 1) { hold.wait() } }
        try await eventually { hold.isHeld }
        let ran = Answers()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.run(byteCount: 1) { ran.add("ran") } }
            try await eventually { queue.waitingCount == 1 }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        hold.release()
        try await first.value
        #expect(try await queue.run(byteCount: 1) { 7 } == 7)
        #expect(ran.all.isEmpty)
    }
}

/// Keeps a thread until it is released.
private final class Holding: Sendable {
    private let state = Mutex((isHeld: false, isReleased: false))

    var isHeld: Bool { state.withLock { $0.isHeld } }

    func release() { state.withLock { $0.isReleased = true } }

    func wait() {
        state.withLock { $0.isHeld = true }
        while !state.withLock({ $0.isReleased }) {}
    }
}
