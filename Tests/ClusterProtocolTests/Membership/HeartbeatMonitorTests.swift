// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import Testing

@Suite struct HeartbeatMonitorTests {
    let start = ContinuousClock.now

    func monitor() -> HeartbeatMonitor {
        HeartbeatMonitor(now: start, interval: .milliseconds(500), timeout: .seconds(3))
    }

    func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    /// Ticks every 250 ms from `first` to `last`; what came of each that had a consequence.
    func ticks(
        _ monitor: inout HeartbeatMonitor, _ first: Int, through last: Int
    )
        -> [(Int, HeartbeatMonitor.Directive)]
    {
        stride(from: first, through: last, by: 250).compactMap { time in
            monitor.tick(now: at(time)).map { (time, $0) }
        }
    }

    @Test func `heartbeats go out at every interval, numbered from one`() {
        var monitor = monitor()
        let sent = ticks(&monitor, 0, through: 1500)
        #expect(sent.map(\.0) == [0, 500, 1000, 1500])
        #expect(sent.map(\.1) == (1...4).map { .sendHeartbeat(sequence: $0) })
    }

    @Test func `a silent peer is lost when the timeout has passed, not before, and once`() {
        var monitor = monitor()
        let events = ticks(&monitor, 0, through: 2750)
        #expect(events.allSatisfy { if case .sendHeartbeat = $0.1 { true } else { false } })
        #expect(monitor.tick(now: at(3000)) == .lost(silence: .seconds(3)))
        #expect(monitor.tick(now: at(3250)) == nil)
        #expect(monitor.tick(now: at(60_000)) == nil)
    }

    @Test func `an answer starts the time of silence anew`() {
        var monitor = monitor()
        _ = ticks(&monitor, 0, through: 2000)
        monitor.received(sequence: 5, now: at(2000))
        let events = ticks(&monitor, 2250, through: 5000)
        #expect(events.last?.1 == .lost(silence: .seconds(3)))
        #expect(events.last?.0 == 5000)
    }

    @Test(arguments: [0, 6, UInt64.max])
    func `an answer to a heartbeat that was never sent is no sign of life`(sequence: UInt64) {
        var monitor = monitor()
        _ = ticks(&monitor, 0, through: 2000)
        monitor.received(sequence: sequence, now: at(2000))
        #expect(ticks(&monitor, 2250, through: 3000).last?.1 == .lost(silence: .seconds(3)))
    }

    @Test func `the same answer again is no sign of life`() {
        var monitor = monitor()
        _ = ticks(&monitor, 0, through: 1000)
        monitor.received(sequence: 2, now: at(1000))
        let before = monitor
        monitor.received(sequence: 2, now: at(1500))
        monitor.received(sequence: 1, now: at(1500))
        #expect(monitor == before)
    }

    @Test func `round trips are taken from the heartbeat that is answered, and the longest is kept`() {
        var monitor = monitor()
        _ = ticks(&monitor, 0, through: 1000)
        monitor.received(sequence: 2, now: at(1010))
        #expect(monitor.lastRoundTrip == .milliseconds(510))
        // An answer that has been overtaken counts no more.
        monitor.received(sequence: 1, now: at(1011))
        #expect(monitor.worstRoundTrip == .milliseconds(510))
        monitor.received(sequence: 3, now: at(1012))
        #expect(monitor.lastRoundTrip == .milliseconds(12))
        #expect(monitor.worstRoundTrip == .milliseconds(510))
        monitor.forgetWorstRoundTrip()
        #expect(monitor.worstRoundTrip == nil)
        _ = ticks(&monitor, 1500, through: 1500)
        monitor.received(sequence: 4, now: at(1507))
        #expect(monitor.worstRoundTrip == .milliseconds(7))
    }

    @Test func `own lateness is not held against the peer`() {
        var monitor = monitor()
        _ = ticks(&monitor, 0, through: 1000)
        // Stopped for ten seconds: only one interval of them counts.
        #expect(monitor.tick(now: at(11_000)) == .sendHeartbeat(sequence: 4))
        let events = ticks(&monitor, 11_250, through: 14_000)
        // 1 s before, 0.5 s of the gap, 1.5 s after.
        #expect(events.last?.0 == 12_500)
        #expect(events.last?.1 == .lost(silence: .milliseconds(12_500)))
    }

    @Test func `lateness is forgiven once, not again after the peer was heard`() {
        var monitor = monitor()
        _ = monitor.tick(now: at(0))
        _ = monitor.tick(now: at(10_000))
        monitor.received(sequence: 1, now: at(10_000))
        let events = ticks(&monitor, 10_250, through: 13_000)
        #expect(events.last?.0 == 13_000)
        #expect(events.last?.1 == .lost(silence: .seconds(3)))
    }

    @Test func `lateness before an answer excuses no silence behind it`() {
        var monitor = monitor()
        _ = ticks(&monitor, 0, through: 500)
        // Stopped for six seconds: what has come meanwhile is taken before the clock is looked at.
        monitor.received(sequence: 2, now: at(6500))
        let events = ticks(&monitor, 6500, through: 12_000)
        #expect(events.last?.0 == 9500)
        #expect(events.last?.1 == .lost(silence: .seconds(3)))
    }

    @Test func `ticks at exactly the interval are not late`() {
        var monitor = monitor()
        for time in stride(from: 0, to: 3000, by: 500) { _ = monitor.tick(now: at(time)) }
        #expect(monitor.tick(now: at(3000)) == .lost(silence: .seconds(3)))
    }

    @Test func `a clock that seems to go back does no harm`() {
        var monitor = monitor()
        _ = monitor.tick(now: at(1000))
        _ = monitor.tick(now: at(500))
        monitor.received(sequence: 1, now: at(0))
        #expect(ticks(&monitor, 750, through: 2750).allSatisfy { $0.1 != .lost(silence: .seconds(3)) })
    }

    @Test func `the project's own figures lose a peer within five seconds`() {
        var monitor = HeartbeatMonitor(now: start)
        let tick = Limits.heartbeatInterval / 2
        var now = start
        while true {
            if case .lost(let silence) = monitor.tick(now: now) {
                #expect(silence >= Limits.lossTimeout)
                #expect(silence < .seconds(5))
                return
            }
            now += tick
            guard start.duration(to: now) < .seconds(60) else {
                Issue.record("never lost")
                return
            }
        }
    }
}
