// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import Testing

/// A link of a fixed speed and length, and a disk at its end, in simulated time.
private struct SimulatedLink {
    let bytesPerSecond: Double
    let roundTrip: Duration
    var now = ContinuousClock.now
    /// When the last byte that was sent will have crossed the link.
    private var busyUntil = ContinuousClock.now
    private var acknowledgements: [(at: ContinuousClock.Instant, byteCount: Int)] = []
    private(set) var deliveredByteCount = 0

    init(bytesPerSecond: Double, roundTrip: Duration) {
        self.bytesPerSecond = bytesPerSecond
        self.roundTrip = roundTrip
    }

    /// How long a heartbeat that is sent now waits behind what was sent before.
    var queueDelay: Duration { max(now.duration(to: busyUntil), .zero) }

    mutating func send(_ byteCount: Int) {
        busyUntil = max(busyUntil, now) + .seconds(Double(byteCount) / bytesPerSecond)
        acknowledgements.append((busyUntil + roundTrip, byteCount))
    }

    /// Lets time pass until the next acknowledgement.
    mutating func next() -> Int? {
        guard !acknowledgements.isEmpty else { return nil }
        let (at, byteCount) = acknowledgements.removeFirst()
        now = max(now, at)
        deliveredByteCount += byteCount
        return byteCount
    }

    /// Sends as fast as `window` lets it for `duration`.
    ///
    /// - Returns: the longest delay of a heartbeat, and the share of the link that was used.
    mutating func run(_ window: inout SendWindow, for duration: Duration) -> (delay: Duration, share: Double)
    {
        let start = now
        let before = deliveredByteCount
        var delay = Duration.zero
        while start.duration(to: now) < duration {
            while case let count = window.room(for: .max), count > 0 {
                window.sent(count, now: now)
                send(count)
            }
            delay = max(delay, queueDelay)
            if let byteCount = next() { window.acknowledged(UInt64(byteCount), now: now) }
        }
        let seconds = start.duration(to: now) / .seconds(1)
        return (delay, Double(deliveredByteCount - before) / seconds / bytesPerSecond)
    }
}

@Suite struct SendWindowTests {
    @Test(
        arguments: [
            (125e6, 0.2), (125e6, 10), (125e6, 80), (12.5e6, 1), (12.5e6, 100), (1.25e9, 0.1), (1.25e9, 10),
        ] as [(Double, Double)])
    func `a link of any speed and length is filled, and a heartbeat waits less than 50 ms`(
        bytesPerSecond: Double, milliseconds: Double
    ) {
        var link = SimulatedLink(bytesPerSecond: bytesPerSecond, roundTrip: .milliseconds(milliseconds))
        var window = SendWindow()
        let start = link.run(&window, for: .seconds(3))
        #expect(start.delay < .milliseconds(50))
        let (delay, share) = link.run(&window, for: .seconds(2))
        #expect(delay < .milliseconds(50))
        #expect(share > 0.95)
    }

    @Test func `on a very slow link no more waits than the smallest window`() {
        var link = SimulatedLink(bytesPerSecond: 100_000, roundTrip: .milliseconds(1))
        var window = SendWindow()
        _ = link.run(&window, for: .seconds(10))
        #expect(window.byteCountMax == UInt64(Limits.sendWindowBytesMin))
        #expect(window.room(for: .max) <= Limits.sendChunkBytesMin)
        let (_, share) = link.run(&window, for: .seconds(5))
        #expect(share > 0.95)
    }

    @Test func `the fastest link does not widen the window beyond its limit`() {
        var link = SimulatedLink(bytesPerSecond: 1e11, roundTrip: .milliseconds(100))
        var window = SendWindow()
        _ = link.run(&window, for: .seconds(10))
        #expect(window.byteCountMax == UInt64(Limits.sendWindowBytesMax))
        #expect(window.unacknowledgedByteCount <= UInt64(Limits.sendWindowBytesMax))
    }

    @Test func `a link that becomes slower gets less`() {
        var link = SimulatedLink(bytesPerSecond: 125e6, roundTrip: .milliseconds(1))
        var window = SendWindow()
        _ = link.run(&window, for: .seconds(1))
        let wide = window.byteCountMax
        while let byteCount = link.next() { window.acknowledged(UInt64(byteCount), now: link.now) }
        var slow = SimulatedLink(bytesPerSecond: 12.5e6, roundTrip: .milliseconds(1))
        slow.now = link.now
        _ = slow.run(&window, for: .seconds(2))
        #expect(window.byteCountMax < wide / 5)
        #expect(slow.run(&window, for: .seconds(1)).delay < .milliseconds(50))
    }

    @Test func `a sender with little to send keeps what it knows of the link`() {
        var link = SimulatedLink(bytesPerSecond: 125e6, roundTrip: .milliseconds(1))
        var window = SendWindow()
        _ = link.run(&window, for: .seconds(1))
        while let byteCount = link.next() { window.acknowledged(UInt64(byteCount), now: link.now) }
        let wide = window.byteCountMax
        for _ in 0..<200 {
            window.sent(1000, now: link.now)
            link.send(1000)
            if let byteCount = link.next() { window.acknowledged(UInt64(byteCount), now: link.now) }
            link.now += .milliseconds(20)
        }
        #expect(window.byteCountMax == wide)
    }

    @Test func `nothing is let through beyond the window, and all of it comes back`() {
        var window = SendWindow()
        let now = ContinuousClock.now
        var sent = 0
        while case let count = window.room(for: .max), count > 0 {
            window.sent(count, now: now)
            sent += count
        }
        #expect(sent == Limits.sendWindowBytesFirst)
        #expect(window.unacknowledgedByteCount == UInt64(sent))
        // The last bytes of a part may be fewer than a chunk, and go in between.
        #expect(window.room(for: 1) == 0)
        window.acknowledged(1, now: now)
        #expect(window.room(for: 1) == 1)
        window.acknowledged(UInt64(sent - 1), now: now)
        #expect(window.unacknowledgedByteCount == 0)
    }
}
