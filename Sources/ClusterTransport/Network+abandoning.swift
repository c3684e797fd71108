// SPDX-License-Identifier: MIT
import NIOCore
import Synchronization

/// Returns what `dial` brings, or throws `CancellationError` at once when the task is cancelled; a connection that
/// comes after that is closed.
func abandoning(
    on eventLoop: any EventLoop, _ dial: @escaping @Sendable () async throws -> FrameConnection
) async throws -> FrameConnection {
    let arrival = Arrival(eventLoop.makePromise(of: FrameConnection.self))
    return try await withTaskCancellationHandler {
        Task {
            do {
                let connection = try await dial()
                if !arrival.settle(.success(connection)) { connection.close() }
            } catch {
                _ = arrival.settle(.failure(error))
            }
        }
        return try await arrival.promise.futureResult.get()
    } onCancel: {
        _ = arrival.settle(.failure(CancellationError()))
    }
}

/// What a dial ends with, once.
private final class Arrival: Sendable {
    let promise: EventLoopPromise<FrameConnection>
    private let isSettled = Atomic(false)

    init(_ promise: EventLoopPromise<FrameConnection>) {
        self.promise = promise
    }

    /// - Returns: whether this was the first thing that happened.
    func settle(_ result: Result<FrameConnection, any Error>) -> Bool {
        let isFirst = isSettled.exchange(true, ordering: .sequentiallyConsistent) == false
        if isFirst { promise.completeWith(result) }
        return isFirst
    }
}
