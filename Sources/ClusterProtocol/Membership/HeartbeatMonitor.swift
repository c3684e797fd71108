// SPDX-License-Identifier: MIT

import BitNetCore

/// Tells when to send heartbeats and when a peer counts as lost.
///
/// A monitor that is itself late (stopped, starved, swapped out) cannot know whether the peer was silent, so
/// the time by which a tick comes late is not held against the peer: the idea of local health in Lifeguard
/// (arXiv 1707.00788, IV.A), in its simplest form.
package struct HeartbeatMonitor: Equatable, Sendable {
    private let interval: Duration
    private let timeout: Duration
    private var lastTick: ContinuousClock.Instant
    private var lastHeard: ContinuousClock.Instant
    private var nextSend: ContinuousClock.Instant
    /// Own lateness since the peer was last heard.
    private var excused: Duration = .zero
    private var sentSequence: UInt64 = 0
    private var receivedSequence: UInt64 = 0
    private var isLost = false
    /// When the heartbeats after the last one that was answered were sent.
    private var sentAt: [ContinuousClock.Instant] = []
    /// From the last answered heartbeat to its answer.
    package private(set) var lastRoundTrip: Duration?
    /// The longest since the beginning, or since ``forgetWorstRoundTrip()``.
    package private(set) var worstRoundTrip: Duration?

    /// - Parameters:
    ///   - interval: time between heartbeats; ticks are due at least as often.
    ///   - timeout: silence after which the peer is lost.
    package init(
        now: ContinuousClock.Instant, interval: Duration = Limits.heartbeatInterval,
        timeout: Duration = Limits.lossTimeout
    ) {
        precondition(
            interval > .zero && interval < timeout, "heartbeats every \(interval), timeout \(timeout)")
        self.interval = interval
        self.timeout = timeout
        lastTick = now
        lastHeard = now
        nextSend = now
    }

    /// Time has passed.
    package mutating func tick(now: ContinuousClock.Instant) -> Directive? {
        guard !isLost else { return nil }
        // Of a time in which it was late only what follows the last answer.
        excused += max(max(lastTick, lastHeard).duration(to: now) - interval, .zero)
        lastTick = now
        let silence = lastHeard.duration(to: now)
        if silence - excused >= timeout {
            isLost = true
            return .lost(silence: silence)
        }
        guard now >= nextSend else { return nil }
        nextSend = now + interval
        sentSequence += 1
        sentAt.append(now)
        return .sendHeartbeat(sequence: sentSequence)
    }

    /// The peer answered heartbeat `sequence`.
    ///
    /// An answer to a heartbeat that was never sent, or a second answer to one, proves nothing and is dropped.
    package mutating func received(sequence: UInt64, now: ContinuousClock.Instant) {
        guard sequence > receivedSequence, sequence <= sentSequence else { return }
        let index = Int(clamping: sequence - receivedSequence) - 1
        let roundTrip = sentAt[index].duration(to: now)
        lastRoundTrip = roundTrip
        worstRoundTrip = max(worstRoundTrip ?? roundTrip, roundTrip)
        sentAt.removeFirst(index + 1)
        receivedSequence = sequence
        lastHeard = max(lastHeard, now)
        excused = .zero
    }

    /// From now on ``worstRoundTrip`` is that of later heartbeats.
    package mutating func forgetWorstRoundTrip() { worstRoundTrip = nil }
}
