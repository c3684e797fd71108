// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import Testing

@Suite struct LinkMonitorTests {
    private let start = ContinuousClock.now

    private static func report(_ sent: UInt64, _ received: UInt64, _ sequence: Int) -> LinkMonitor.Report {
        LinkMonitor.Report(
            sentByteCount: sent, receivedByteCount: received, receiverSequence: UInt64(clamping: sequence))
    }

    /// Ticks twice a second, as its owner does.
    ///
    /// - Returns: the tick at which the connection counted as silent.
    private func silentAt(
        _ tickCount: Int = 100, _ monitor: LinkMonitor? = nil, every interval: Duration = .milliseconds(500),
        _ report: (_ tick: Int) -> LinkMonitor.Report
    ) -> Int? {
        var monitor = monitor ?? LinkMonitor(now: start)
        return (0..<tickCount).first { tick in
            monitor.tick(report(tick), now: start + interval * (tick + 1)) != nil
        }
    }

    @Test func `what never arrives is missed after three seconds, also the first step`() {
        #expect(silentAt { Self.report(1000, 200, $0) } == 6)
        var monitor = LinkMonitor(now: start)
        var fault: (missingByteCount: UInt64, silence: Duration)?
        for tick in 0..<7 {
            fault = monitor.tick(
                Self.report(1000 + UInt64(tick) * 10, 200, tick), now: start + .milliseconds(500 * (tick + 1))
            )
        }
        #expect(fault?.missingByteCount == 800)
        #expect(fault?.silence == .seconds(3))
    }

    @Test func `nothing is missed while nothing is sent, or something arrives`() {
        #expect(silentAt { Self.report(1000, 1000, $0) } == nil)
        #expect(silentAt { Self.report(10_000_000, 200 + UInt64($0) * 10, $0) } == nil)
        // What was sent since may be on its way.
        #expect(silentAt { Self.report(1000 + UInt64($0) * 100, 1000 + UInt64($0) * 100 - 90, $0) } == nil)
        // The sender's word is older than the receiver's.
        #expect(silentAt { Self.report(900, 1000, $0) } == nil)
    }

    @Test func `who says nothing of his bytes misses none`() {
        #expect(silentAt { Self.report(1000, 0, $0) } == nil)
        #expect(silentAt { Self.report(0, 1000, $0) } == nil)
    }

    @Test func `a receiver that does not answer is for others to judge`() {
        #expect(silentAt { _ in Self.report(1000, 200, 5) } == nil)
        // It stood still: what waits for it is read after it has answered again.
        #expect(silentAt { Self.report(1000, $0 < 50 ? 200 : 1000, $0 < 50 ? 5 : $0) } == nil)
    }

    @Test func `a coordinator that is late itself counts little of it`() {
        #expect(silentAt(3, every: .seconds(60)) { Self.report(1000, 200, $0) } == nil)
        #expect(silentAt(every: .seconds(60)) { Self.report(1000, 200, $0) } == 3)
    }

    @Test func `what arrives late begins a new wait`() {
        #expect(silentAt { Self.report(2000, $0 < 5 ? 200 : 1000, $0) } == 11)
    }
}
