// SPDX-License-Identifier: MIT
import BitNetCore

/// How long to wait before something is tried again: twice as long each time, or as the hub asks.
package struct RetryDelays: Equatable, Sendable {
    /// The first wait.
    package var first: Duration
    private(set) var failureCount = 0

    package init(first: Duration = .milliseconds(500)) {
        self.first = first
    }

    package mutating func succeeded() { failureCount = 0 }

    /// - Parameter retryAfter: what the hub asks for, in seconds; a date counts as nothing.
    /// - Returns: the wait; `nil` if it was tried often enough, or is not wanted for long.
    package mutating func failed(retryAfter: String? = nil) -> Duration? {
        failureCount += 1
        guard failureCount < Limits.hubTriesMax else { return nil }
        var delay = min(first * (1 << min(failureCount - 1, 16)), Limits.hubDelayMax)
        if let seconds = retryAfter.flatMap({ Int($0, radix: 10) }), seconds > 0 {
            let asked = Duration.seconds(seconds)
            guard asked <= Limits.hubRetryAfterMax else { return nil }
            delay = max(delay, asked)
        }
        return delay
    }
}
