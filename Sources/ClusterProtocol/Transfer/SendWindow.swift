// SPDX-License-Identifier: MIT

import BitNetCore

/// How many bytes may be on their way to a worker's disk.
///
/// As many as the link and the disk take in the time that an answer needs when nothing waits, and a little more
/// to keep them busy: `speed × (round trip + queue)`. More would only wait in front of what else uses the link,
/// heartbeats first. The speed is the best of the last intervals, the round trip the shortest ever.
package struct SendWindow: Equatable, Sendable {
    private struct Mark: Equatable {
        /// Bytes sent up to here, since the beginning.
        let end: UInt64
        let sentAt: ContinuousClock.Instant
    }

    private struct Interval: Equatable {
        let start: ContinuousClock.Instant
        var byteCount: UInt64 = 0
    }

    /// Bytes that may be under way.
    package private(set) var byteCountMax = UInt64(Limits.sendWindowBytesFirst)
    package private(set) var unacknowledgedByteCount: UInt64 = 0

    private var sentByteCount: UInt64 = 0
    private var marks: [Mark] = []
    private var shortestRoundTrip: Duration?
    /// Bytes per second of the last intervals, oldest first.
    private var rates = Recent<Double>(countMax: Limits.sendRateIntervalsMax)
    private var interval: Interval?
    /// Whether the link was as busy as it may be in this interval; else its speed shows what there was to send.
    private var wasFull = false

    package init() {}

    /// Bytes of the next chunk; a quarter of the window, so that there is always one to be acknowledged.
    private var chunkByteCount: UInt64 {
        min(max(byteCountMax / 4, UInt64(Limits.sendChunkBytesMin)), UInt64(Limits.sendChunkBytesMax))
    }

    /// How much of `byteCount` bytes may be sent now.
    ///
    /// - Returns: 0 until something is acknowledged.
    package mutating func room(for byteCount: UInt64) -> Int {
        let count = min(byteCount, chunkByteCount)
        guard unacknowledgedByteCount + count <= byteCountMax else {
            wasFull = true
            return 0
        }
        return Int(count)
    }

    /// A chunk has been sent.
    package mutating func sent(_ byteCount: Int, now: ContinuousClock.Instant) {
        if unacknowledgedByteCount == 0 {
            // The time without anything under way says nothing of the link.
            interval = Interval(start: now)
            wasFull = false
        }
        sentByteCount += UInt64(clamping: byteCount)
        unacknowledgedByteCount += UInt64(clamping: byteCount)
        marks.append(Mark(end: sentByteCount, sentAt: now))
    }

    /// The worker has written the next `byteCount` bytes of those that are under way.
    package mutating func acknowledged(_ byteCount: UInt64, now: ContinuousClock.Instant) {
        precondition(
            byteCount <= unacknowledgedByteCount, "\(byteCount) of \(unacknowledgedByteCount) acknowledged")
        unacknowledgedByteCount -= byteCount
        let delivered = sentByteCount - unacknowledgedByteCount
        while let mark = marks.first, mark.end <= delivered {
            let roundTrip = mark.sentAt.duration(to: now)
            shortestRoundTrip = min(shortestRoundTrip ?? roundTrip, roundTrip)
            marks.removeFirst()
        }
        measure(byteCount, now)
    }

    private mutating func measure(_ byteCount: UInt64, _ now: ContinuousClock.Instant) {
        guard var interval, let shortestRoundTrip else { return }
        interval.byteCount += byteCount
        let elapsed = interval.start.duration(to: now)
        self.interval = interval
        guard elapsed >= max(Limits.sendRateInterval, shortestRoundTrip) else { return }
        let rate = Double(interval.byteCount) / (elapsed / .seconds(1))
        if wasFull || rate > rates.max() ?? 0 {
            rates.append(rate)
        }
        self.interval = Interval(start: now)
        wasFull = false
        let best = rates.max() ?? 0
        // Above one round trip there is room to find out that the link takes more.
        let time = shortestRoundTrip * 5 / 4 + Limits.sendQueueDelay
        let wanted = best * (time / .seconds(1))
        byteCountMax = UInt64(
            clamping: min(max(wanted, Double(Limits.sendWindowBytesMin)), Double(Limits.sendWindowBytesMax)))
    }
}
