// SPDX-License-Identifier: MIT
import Synchronization

/// Whether the client of a connection is still there, and what can be told it beside answers.
///
/// One that has only closed its sending side is: it waits for its answer.
package final class ClientConnection: Sendable {
    /// What the connection's guard does for those who answer.
    struct Controls: Sendable {
        let wantsBody: @Sendable () -> Void
        let refuse: @Sendable (APIError) -> Void
    }

    private struct State {
        var isGone = false
        var isSilent = false
        var cutOff: APIError?
        var controls: Controls?
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Where it is, without a port; empty if that is not known.
    let address: String

    package init(address: String = "") {
        self.address = address
    }

    package var isGone: Bool { state.withLock(\.isGone) }

    /// It sends no more: whether it waits for its answer or has left is seen when something is written.
    var isSilent: Bool { state.withLock(\.isSilent) }

    func fallSilent() { state.withLock { $0.isSilent = true } }

    /// Why the rest of the request that is coming is not waited for.
    var cutOff: APIError? { state.withLock(\.cutOff) }

    func cut(off error: APIError) { state.withLock { $0.cutOff = error } }

    func attach(_ controls: Controls) {
        state.withLock { $0.controls = controls }
    }

    /// The body of the request that is being answered is about to be read: a client that waits for the word sends it.
    func wantsBody() { state.withLock(\.controls)?.wantsBody() }

    /// Ends the connection; the request that is coming is answered so, if it is not answered yet.
    func refuse(_ error: APIError) { state.withLock(\.controls)?.refuse(error) }

    /// Called once the client has left.
    func leave() {
        let waiters = state.withLock { state in
            state.isGone = true
            state.controls = nil
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
