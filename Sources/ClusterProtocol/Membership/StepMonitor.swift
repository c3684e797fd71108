// SPDX-License-Identifier: MIT

import BitNetCore

/// Tells when the steps that are under way will not come back, though every worker answers.
///
/// How long a step may take follows from those that came back: a token of it never more than a few times what one took
/// at worst. Time in which this process itself was late is not counted, as in ``HeartbeatMonitor``.
package struct StepMonitor: Equatable, Sendable {
    /// Tokens of each step under way, the oldest first.
    private var underWay: [Int] = []
    /// Since when the oldest of them is waited for.
    private var waitingSince: ContinuousClock.Instant
    private var lastTick: ContinuousClock.Instant
    /// Own lateness since then.
    private var excused: Duration = .zero
    /// The longest that one token of a step took.
    private var longestToken: Duration?
    private let timeout: Duration

    /// - Parameter timeout: none is stuck before so long.
    package init(now: ContinuousClock.Instant, timeout: Duration = Limits.lossTimeout) {
        self.timeout = timeout
        waitingSince = now
        lastTick = now
    }

    /// A step is on its way.
    package mutating func sent(tokenCount: Int, now: ContinuousClock.Instant) {
        if underWay.isEmpty { wait(from: now) }
        underWay.append(max(tokenCount, 1))
    }

    /// The oldest step has come back.
    ///
    /// - Returns: `false` if none was under way.
    package mutating func returned(now: ContinuousClock.Instant) -> Bool {
        guard !underWay.isEmpty else { return false }
        let token = (waitingSince.duration(to: now) - excused) / underWay.removeFirst()
        longestToken = max(longestToken ?? token, token)
        wait(from: now)
        return true
    }

    /// Time has passed; due about every ``Limits/heartbeatInterval``.
    ///
    /// - Returns: how long nothing has come back, once that is too long.
    package mutating func tick(now: ContinuousClock.Instant) -> Duration? {
        // Of a time in which it was late only what follows the last step's return.
        let unseen = max(lastTick, waitingSince).duration(to: now)
        excused += max(unseen - Limits.heartbeatInterval * 2, .zero)
        lastTick = now
        guard !underWay.isEmpty else { return nil }
        let silence = waitingSince.duration(to: now)
        return silence - excused >= patience ? silence : nil
    }

    /// What is waited for those under way.
    private var patience: Duration {
        guard let longestToken else { return Limits.stepTimeout }
        let tokenCount = underWay.reduce(0, +)
        let expected = longestToken * (tokenCount * Limits.stepLateness)
        return max(min(expected, Limits.stepTimeout), timeout)
    }

    private mutating func wait(from now: ContinuousClock.Instant) {
        waitingSince = now
        excused = .zero
    }
}
