// SPDX-License-Identifier: MIT

import BitNetCore

/// Tells when nothing arrives any more of what was sent on a connection, though who should receive it answers.
///
/// Both ends say how many bytes have passed, so that it does not matter how long a step may take to compute. Time in which
/// the receiver said nothing, or this process was late, is not counted, as in ``HeartbeatMonitor``.
package struct LinkMonitor: Equatable, Sendable {
    /// What one end has sent and the other has received, bytes since the connection's beginning; 0 if it is not known.
    package struct Report: Equatable, Sendable {
        package var sentByteCount: UInt64
        package var receivedByteCount: UInt64
        /// Changes with everything that the receiver says.
        package var receiverSequence: UInt64

        package init(sentByteCount: UInt64, receivedByteCount: UInt64, receiverSequence: UInt64) {
            self.sentByteCount = sentByteCount
            self.receivedByteCount = receivedByteCount
            self.receiverSequence = receiverSequence
        }
    }

    /// The first report since which nothing has arrived, and for how long.
    private var first: Report?
    private var last: Report?
    private var lastTick: ContinuousClock.Instant
    private var silence: Duration = .zero
    private let timeout: Duration

    /// - Parameter timeout: how long nothing may arrive.
    package init(now: ContinuousClock.Instant, timeout: Duration = Limits.lossTimeout) {
        self.timeout = timeout
        lastTick = now
    }

    /// Time has passed; due about every ``Limits/heartbeatInterval``.
    ///
    /// - Returns: how many bytes are missing and for how long nothing has arrived, once that is too long.
    package mutating func tick(
        _ report: Report, now: ContinuousClock.Instant
    ) -> (missingByteCount: UInt64, silence: Duration)? {
        let elapsed = min(lastTick.duration(to: now), Limits.heartbeatInterval * 2)
        lastTick = now
        guard let first, let last, report.receivedByteCount == first.receivedByteCount,
            first.receivedByteCount > 0, first.sentByteCount > first.receivedByteCount
        else {
            first = report
            last = report
            silence = .zero
            return nil
        }
        guard report.receiverSequence != last.receiverSequence else { return nil }
        self.last = report
        silence += elapsed
        guard silence >= timeout else { return nil }
        return (first.sentByteCount - first.receivedByteCount, silence)
    }
}
