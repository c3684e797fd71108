// SPDX-License-Identifier: MIT
import BitNetCore

/// How long to wait between attempts to bring a lost pipeline back.
package struct RestartDelays: Equatable, Sendable {
    private let bounds: ClosedRange<Duration>
    private var delay: Duration = .zero

    /// - Parameter bounds: the first wait after an attempt that was made at once, and the longest.
    package init(_ bounds: ClosedRange<Duration> = Limits.restartDelayFirst...Limits.restartDelayMax) {
        self.bounds = bounds
    }

    /// - Parameter service: for how long the last pipeline served; `nil` if it did not come up.
    /// - Returns: how long to wait before the next attempt.
    package mutating func next(after service: Duration?) -> Duration {
        // One that is lost as soon as it serves will be lost again.
        if let service, service >= bounds.lowerBound { delay = .zero }
        defer { delay = min(max(delay * 2, bounds.lowerBound), bounds.upperBound) }
        return delay
    }
}
