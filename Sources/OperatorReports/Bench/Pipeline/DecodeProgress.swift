// SPDX-License-Identifier: MIT
import ClusterCoordinator
import Synchronization
import TextGeneration

/// Notes when all sequences are generating, and when the first one ends.
final class DecodeProgress: Sendable {
    private struct State {
        var startedCount = 0
        var tokenCount = 0
        var first: DecodeFigures.Mark?
        var last: DecodeFigures.Mark?
    }

    private let state = Mutex(State())

    /// A token has come: the first or last of its sequence, one of `concurrency` of them.
    func take(isFirst: Bool, isLast: Bool, of concurrency: Int, _ meter: @autoclosure () -> PipelineMeter) {
        state.withLock { state in
            state.tokenCount += 1
            if isFirst { state.startedCount += 1 }
            if isFirst, state.startedCount == concurrency {
                state.first = DecodeFigures.Mark(time: .now, tokenCount: state.tokenCount, meter: meter())
            } else if isLast, state.last == nil {
                state.last = DecodeFigures.Mark(time: .now, tokenCount: state.tokenCount, meter: meter())
            }
        }
    }

    var marks: (first: DecodeFigures.Mark, last: DecodeFigures.Mark)? {
        state.withLock { state in
            guard let first = state.first, let last = state.last, first.time < last.time else { return nil }
            return (first, last)
        }
    }
}
