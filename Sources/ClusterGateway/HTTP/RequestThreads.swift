// SPDX-License-Identifier: MIT
import BitNetCore
import NIOPosix
import Synchronization

/// Where requests are decoded, their texts become tokens, and large answers become bytes.
///
/// A large one takes seconds, and on the threads of tasks it would hold up heartbeats and everybody's tokens: workers
/// would take the coordinator for dead. Large ones wait for each other and for nobody else; of the others the
/// smallest is next, so that a tiny one waits about as long as if it were alone.
enum RequestThreads {
    private static let small = SmallestFirst(threadCount: 2)
    private static let large = SmallestFirst(threadCount: 1)

    /// Whoever has been cancelled by the time a thread is free is not served.
    ///
    /// - Parameter byteCount: what there is to look at.
    static func run<Result: Sendable>(
        for byteCount: Int, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let queue = byteCount > Limits.smallRequestBytesMax ? large : small
        return try await queue.run(byteCount: byteCount, body)
    }
}

/// Threads that always take the smallest of what waits, and of several such the one that came first.
package final class SmallestFirst: Sendable {
    private struct Waiting {
        let number: UInt64
        let byteCount: Int
        /// - Parameter: whether it is done, or nobody wants it any more.
        let perform: @Sendable (Bool) -> Void
    }

    private struct State {
        /// The next one last.
        var waiting: [Waiting] = []
        var next: UInt64 = 0
    }

    private let pool: NIOThreadPool
    private let state = Mutex(State())

    package init(threadCount: Int) {
        pool = NIOThreadPool(numberOfThreads: threadCount)
        pool.start()
    }

    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    package func run<Result: Sendable>(
        byteCount: Int, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(
                    Waiting(number: number, byteCount: byteCount) { isWanted in
                        continuation.resume(
                            with: Swift.Result { isWanted ? try body() : try { throw CancellationError() }() }
                        )
                    })
            }
        } onCancel: {
            remove(number)?.perform(false)
        }
    }

    private func enter(_ work: Waiting) {
        guard !Task.isCancelled else { return work.perform(false) }
        state.withLock { state in
            let index = state.waiting.firstIndex { Self.isBefore($0, work) } ?? state.waiting.count
            state.waiting.insert(work, at: index)
        }
        // As many turns as there is work: each takes what is best then, or nothing if that was taken back.
        pool.submit { _ in self.state.withLock { $0.waiting.popLast() }?.perform(true) }
    }

    private static func isBefore(_ one: Waiting, _ other: Waiting) -> Bool {
        (one.byteCount, one.number) < (other.byteCount, other.number)
    }

    private func remove(_ number: UInt64) -> Waiting? {
        state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiting.remove(at: index)
        }
    }
}

extension Prompt {
    /// What there is to make tokens of.
    var byteCount: Int {
        switch self {
        case .text(let text, _): text.utf8.count
        case .tokens(let tokens): tokens.count * MemoryLayout<UInt32>.size
        case .conversation(let conversation): conversation.byteCount
        case .pieces(let pieces):
            pieces.reduce(0) { sum, piece in
                switch piece {
                case .beginning: sum
                case .marker(let text), .text(let text): sum + text.utf8.count
                }
            }
        }
    }
}
