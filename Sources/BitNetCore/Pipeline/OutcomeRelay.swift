// SPDX-License-Identifier: MIT

internal import Synchronization

/// Hands a pipeline's outcomes to its one consumer, on the thread on which they arrive.
///
/// A task that waits for them would cost two changes of threads for every step.
package final class OutcomeRelay: Sendable {
    private struct State {
        var receive: (@Sendable (StepOutcome) -> Void)?
        /// What came before there was a consumer: at most the steps in flight, as pipelines deliver no others.
        var early: [StepOutcome] = []
        var end: Result<Void, any Error>?
        var waiting: CheckedContinuation<Void, any Error>?
    }

    private let state = Mutex(State())

    package init() {}

    /// An outcome has come.
    ///
    /// The consumer is called under the lock, so that the order is kept; it must return at once.
    package func deliver(_ outcome: StepOutcome) {
        state.withLock { state in
            guard state.end == nil else { return }
            if let receive = state.receive { receive(outcome) } else { state.early.append(outcome) }
        }
    }

    /// Nothing more will come; said again it means nothing.
    package func finish(throwing error: (any Error)? = nil) {
        let result: Result<Void, any Error> = error.map { .failure($0) } ?? .success(())
        let waiting = state.withLock { state in
            guard state.end == nil else { return nil as CheckedContinuation<Void, any Error>? }
            state.end = result
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(with: result)
    }

    /// Calls `receive` with every outcome, in order, and returns when the pipeline ends or the task is cancelled.
    ///
    /// - Throws: why the pipeline ended.
    package func run(_ receive: @escaping @Sendable (StepOutcome) -> Void) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let end = state.withLock { state in
                    state.receive = receive
                    for outcome in state.early { receive(outcome) }
                    state.early = []
                    if state.end == nil { state.waiting = continuation }
                    return state.end
                }
                if let end { continuation.resume(with: end) }
            }
        } onCancel: {
            // Not here: whoever cancels holds tasks, one of which may be about to be resumed by an outcome under the lock.
            Task { finish() }
        }
    }
}
