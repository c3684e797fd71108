// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import Testing
import TextGeneration

@Suite struct ActivityWindowTests {
    private func counters(steps: Int, computeMicros: UInt32) -> StageCounters {
        var counters = StageCounters()
        for _ in 0..<steps {
            counters.add(
                StageTrace(computeMicros: computeMicros, idleMicros: 0, queuedMicros: 0, receivedBytes: 100))
        }
        return counters
    }

    private func sample(
        _ seconds: Double, generated: UInt64, entered: UInt64, running: Int = 0, steps: Int = 0
    ) -> ActivityWindow.Sample {
        ActivityWindow.Sample(
            seconds: seconds, stages: [counters(steps: steps, computeMicros: 5000)],
            generatedTokenCount: generated, enteredTokenCount: entered, runningCount: running,
            processorMicros: [UInt64(seconds * 2e6)])
    }

    @Test func `an empty window has no rates`() {
        var window = ActivityWindow(secondsMax: 10)
        #expect(window.seconds == 0)
        #expect(window.decodeTokensPerSecond == 0)
        #expect(window.stages.isEmpty)
        window.append(sample(1, generated: 5, entered: 9))
        #expect(window.decodeTokensPerSecond == 0)
        #expect(window.stages == [ActivityWindow.StageRates()])
    }

    @Test func `sums of a stage or of tokens that fell are another pipeline's, and begin anew`() {
        for (generated, entered, steps) in [(5, 1000, 8), (400, 1000, 200), (5, 3, 200)]
            as [(UInt64, UInt64, Int)]
        {
            var window = ActivityWindow(secondsMax: 10)
            window.append(sample(1, generated: 200, entered: 200, steps: 200))
            window.append(sample(2, generated: generated, entered: entered, steps: steps))
            #expect((window.seconds > 0) == (generated == 400))
            window.append(sample(3, generated: 410, entered: 1010, steps: 210))
            #expect(window.stages.first?.stepsPerSecond ?? 0 > 0)
        }
        let (many, few) = (counters(steps: 9, computeMicros: 1), counters(steps: 2, computeMicros: 5))
        #expect(few - many == few)
    }

    @Test func `rates are those of the last seconds only`() throws {
        var window = ActivityWindow(secondsMax: 2)
        for second in 0...4 {
            // 100 tokens a second at first, 10 later.
            let generated = second <= 2 ? 100 * second : 200 + 10 * (second - 2)
            window.append(
                sample(
                    Double(second), generated: UInt64(generated), entered: UInt64(2 * generated), running: 2,
                    steps: 100 * second))
        }
        #expect(window.seconds == 2)
        #expect(window.decodeTokensPerSecond == 10)
        #expect(window.prefillTokensPerSecond == 10)
        #expect(window.activeSequences == 2)
        let stage = try #require(window.stages.first)
        #expect(stage.stepsPerSecond == 100)
        #expect(stage.computeMilliseconds == 5)
        #expect(stage.idleFraction == 0.5)
        #expect(stage.receivedBytesPerSecond == 10_000)
        #expect(stage.coresActive == 2)
    }

    @Test func `a pipeline that counts from zero again begins a new window`() {
        var window = ActivityWindow(secondsMax: 10)
        window.append(sample(1, generated: 500, entered: 900))
        window.append(sample(2, generated: 0, entered: 0))
        #expect(window.seconds == 0)
        window.append(sample(3, generated: 30, entered: 30))
        #expect(window.decodeTokensPerSecond == 30)
    }

    @Test func `one sequence by itself shows what one gets`() {
        var window = ActivityWindow(secondsMax: 10)
        window.append(sample(1, generated: 0, entered: 0, running: 1))
        window.append(sample(2, generated: 40, entered: 40, running: 1))
        #expect(window.aloneTokensPerSecond == 40)
        // With a second one, or with a prompt beside it, it does not.
        window.append(sample(3, generated: 400, entered: 400, running: 2))
        window.append(sample(4, generated: 440, entered: 4000, running: 1))
        window.append(sample(5, generated: 480, entered: 8000, running: 1))
        #expect(window.aloneTokensPerSecond == 40)
    }

    @Test(arguments: [([], []), ([7], [7, 7, 7]), (Array(1...101), [1, 51, 101])])
    func `quantiles are values that were there`(values: [Int], expected: [Double]) {
        var durations = RecentDurations(countMax: 200)
        for value in values { durations.append(.milliseconds(value)) }
        #expect(durations.milliseconds(at: [0, 0.5, 1]) == expected)
    }

    @Test func `only the latest durations count`() {
        var durations = RecentDurations(countMax: 3)
        for value in [1000, 1, 2, 3] { durations.append(.milliseconds(value)) }
        #expect(durations.milliseconds(at: [1]) == [3])
    }
}
