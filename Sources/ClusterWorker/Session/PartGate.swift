// SPDX-License-Identifier: MIT
package import BitNetCore
import Dispatch
import Synchronization

/// Where the loader of a stage waits for parts that are still being checked, or are on their way.
package final class PartGate: Sendable {
    private struct State {
        var passed: Set<ContentDigest> = []
        var isClosed = false
        /// The loader sleeps until something happens.
        var isWaiting = false
    }

    private let state = Mutex(State())
    private let changed = DispatchSemaphore(value: 0)

    package init() {}

    /// The part is verified and on disk.
    package func pass(_ digest: ContentDigest) {
        signal { $0.passed.insert(digest) }
    }

    /// No more parts will come.
    package func close() {
        signal { $0.isClosed = true }
    }

    private func signal(_ change: (inout State) -> Void) {
        let isWaiting = state.withLock { state in
            change(&state)
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if isWaiting { changed.signal() }
    }

    /// Blocks until one of `parts` is there; for one thread only, and none that others need.
    ///
    /// - Returns: the first of those that are there.
    /// - Throws: `CancellationError` once the gate is closed.
    package func wait(forAnyOf parts: [PartReference]) throws -> PartReference {
        while true {
            let (found, isClosed) = state.withLock { state in
                let found = parts.first { state.passed.contains($0.digest) }
                state.isWaiting = found == nil && !state.isClosed
                return (found, state.isClosed)
            }
            if isClosed { throw CancellationError() }
            if let found { return found }
            changed.wait()
        }
    }
}
