// SPDX-License-Identifier: MIT
import Synchronization

/// Whether the client of a connection is still there.
///
/// One that has closed its sending side counts as gone: it cannot be told from one that has closed both.
package final class ClientConnection: Sendable {
    private struct State {
        var isGone = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private static let count = Atomic<UInt64>(0)

    /// No other connection has it.
    let number = ClientConnection.count.wrappingAdd(1, ordering: .relaxed).newValue
    private let state = Mutex(State())

    package init() {}

    package var isGone: Bool { state.withLock(\.isGone) }

    /// Called once the client has left.
    func leave() {
        let waiters = state.withLock { state in
            state.isGone = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the client has left, or the task is cancelled.
    package func departure() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.isGone, !Task.isCancelled else { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// Runs `operation` and cancels it when the client leaves.
    ///
    /// - Throws: ``ClientGone``, or what `operation` throws.
    package func whileConnected<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                await self.departure()
                throw ClientGone()
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else {
                preconditionFailure("a group of two tasks has no result")
            }
            return value
        }
    }
}

/// Nobody is there any more to read the answer.
package struct ClientGone: Error {}
