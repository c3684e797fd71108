// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import Testing

@Suite struct StepMonitorTests {
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    /// Ticks twice a second, as its owner does.
    ///
    /// - Returns: when steps counted as stuck, and for how long they had been waited for.
    private func stuck(
        _ monitor: inout StepMonitor, from first: Int, through last: Int
    ) -> (at: Int, silence: Duration)? {
        for time in stride(from: first, through: last, by: 500) {
            if let silence = monitor.tick(now: at(time)) { return (time, silence) }
        }
        return nil
    }

    @Test func `nothing is stuck while nothing is under way`() {
        var monitor = StepMonitor(now: start)
        #expect(stuck(&monitor, from: 0, through: 600_000) == nil)
        monitor.sent(tokenCount: 1, now: at(600_000))
        let returned = monitor.returned(now: at(600_010))
        #expect(returned)
        #expect(stuck(&monitor, from: 600_500, through: 900_000) == nil)
    }

    @Test func `a step that nobody sent does not come back`() {
        var monitor = StepMonitor(now: start)
        let returns = [monitor.returned(now: at(1)), monitor.returned(now: at(2))]
        #expect(returns == [false, false])
    }

    @Test func `the first step may take as long as any`() {
        var monitor = StepMonitor(now: start)
        monitor.sent(tokenCount: 1, now: start)
        let stuck = stuck(&monitor, from: 0, through: 200_000)
        #expect(stuck?.silence == Limits.stepTimeout)
    }

    @Test func `quick steps are stuck after three seconds`() {
        var monitor = StepMonitor(now: start)
        for step in 0..<100 {
            monitor.sent(tokenCount: 4, now: at(step * 10))
            _ = monitor.returned(now: at(step * 10 + 8))
        }
        monitor.sent(tokenCount: 4, now: at(1000))
        let stuck = stuck(&monitor, from: 1000, through: 200_000)
        #expect(stuck?.at == 4000 && stuck?.silence == .seconds(3))
    }

    @Test func `lateness before a step came back excuses none behind it`() {
        var monitor = StepMonitor(now: start)
        monitor.sent(tokenCount: 1, now: start)
        _ = monitor.returned(now: at(10))
        _ = stuck(&monitor, from: 0, through: 500)
        // Stopped for a minute, in which nothing was under way.
        monitor.sent(tokenCount: 1, now: at(60_000))
        let stuck = stuck(&monitor, from: 60_000, through: 200_000)
        #expect(stuck?.at == 63_000 && stuck?.silence == .seconds(3))
    }

    @Test func `a long prompt is waited for by what single tokens took`() {
        var monitor = StepMonitor(now: start)
        monitor.sent(tokenCount: 1, now: start)
        _ = monitor.returned(now: at(100))
        monitor.sent(tokenCount: 64, now: at(200))
        let stuck = stuck(&monitor, from: 500, through: 200_000)
        // 64 tokens of 100 ms, four times.
        #expect(stuck?.silence ?? .zero >= .milliseconds(25_600))
        #expect(stuck?.silence ?? .seconds(99) < .seconds(27))
    }

    @Test func `steps are waited for one after the other`() {
        var monitor = StepMonitor(now: start)
        monitor.sent(tokenCount: 1, now: start)
        _ = monitor.returned(now: at(10))
        for step in 0..<4 { monitor.sent(tokenCount: 1, now: at(20 + step)) }
        for step in 0..<4 {
            #expect(stuck(&monitor, from: 500 + step * 2500, through: 2500 + step * 2500) == nil)
            _ = monitor.returned(now: at(2600 + step * 2500))
        }
        #expect(stuck(&monitor, from: 10_500, through: 60_000) == nil)
    }

    @Test func `what this process itself was late is not held against the stages`() {
        var monitor = StepMonitor(now: start)
        monitor.sent(tokenCount: 1, now: start)
        _ = monitor.returned(now: at(10))
        monitor.sent(tokenCount: 1, now: at(20))
        #expect(monitor.tick(now: at(500)) == nil)
        // Stopped for a minute.
        #expect(monitor.tick(now: at(60_500)) == nil)
        #expect(monitor.tick(now: at(61_000)) == nil)
        let stuck = stuck(&monitor, from: 61_500, through: 90_000)
        #expect(stuck?.at ?? 0 >= 62_000 && stuck?.at ?? 99_000 <= 64_000)
    }
}
