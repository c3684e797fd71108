// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import ClusterSimulation
import ClusterWire
import TestSupport
import Testing

@Suite struct SimulationTests {
    static let instant: LinkProfile? = try? LinkProfile(latencySeconds: 0, bytesPerSecond: 1e14)

    /// Stages that take so many seconds for any step of up to 64 tokens, with links that take nothing.
    static func pipeline(
        _ seconds: [Double], links: [LinkProfile]? = nil, perToken: Double = 0
    ) throws -> SimulatedPipeline {
        let instant = try #require(instant)
        return SimulatedPipeline(
            stages: try seconds.map { seconds in
                let curve = try StepCostCurve.of([(1, seconds), (2, seconds + perToken)])
                return SimulatedPipeline.Stage(
                    profile: try WorkerProfile(
                        layerSeconds: curve, prefillLayerSeconds: curve, headSeconds: .zero, stepSeconds: 0,
                        readBytesPerSecond: 1e9, attentionSecondsPerToken: 0), layerCount: 1)
            }, links: links ?? [LinkProfile](repeating: instant, count: seconds.count + 1), hiddenSize: 320)
    }

    static func run(
        _ pipeline: SimulatedPipeline, _ count: Int, prompt: Int = 1, tokens: Int = 4, slots: Int? = nil
    ) -> SimulationReport {
        let request = Simulation.Request(promptCount: prompt, tokenCount: tokens)
        var simulation = Simulation(
            pipeline, requests: [Simulation.Request](repeating: request, count: count),
            slotCount: slots ?? count)
        return simulation.run()
    }

    private func near(_ value: Double, _ expected: Double) -> Bool {
        abs(value - expected) <= 1e-6 * expected
    }

    // MARK: Cases that can be told by hand

    @Test func `one stage and one stream take one step after the other`() throws {
        let report = try Self.run(Self.pipeline([1]), 1)
        #expect(report.tokenCount == 4 && report.stepCount == 4 && report.finishedCount == 1)
        #expect(near(report.durationSeconds, 4) && near(report.tokensPerSecond, 1))
        #expect(near(report.busyShares[0], 1))
        #expect(near(report.firstToken.median, 1) && near(report.gap.largest, 1))
    }

    @Test func `a prompt goes through in chunks, and its cost is that of its tokens`() throws {
        let report = try Self.run(Self.pipeline([1], perToken: 1), 1, prompt: 100, tokens: 1)
        #expect(report.stepCount == 2)
        // 64 and 36 tokens, a second each.
        #expect(near(report.firstToken.median, 100))
    }

    @Test func `one stream on two stages is no faster than on one, and each is busy half of the time`() throws
    {
        let report = try Self.run(Self.pipeline([1, 1]), 1)
        #expect(near(report.durationSeconds, 8) && near(report.gap.median, 2))
        #expect(report.busyShares.allSatisfy { near($0, 0.5) })
    }

    @Test func `as many streams as stages keep all of them busy`() throws {
        let report = try Self.run(Self.pipeline([1, 1, 1]), 3, tokens: 100)
        #expect(near(report.durationSeconds, 302))
        #expect(report.busyShares.allSatisfy { $0 > 0.99 })
        #expect(near(try #require(report.steadyTokensPerSecond), 1))
    }

    @Test func `the slowest stage decides, and steps wait before it`() throws {
        let report = try Self.run(Self.pipeline([1, 2, 1]), 6, tokens: 50)
        #expect(report.busyShares[1] > 0.98 && report.busyShares[0] < 0.51)
        #expect(report.waitSeconds[1] > 0.5 && report.waitSeconds[2] == 0)
    }

    @Test func `a slow link decides, and delays only take time`() throws {
        let instant = try #require(Self.instant)
        let payload = try #require(
            StepLayout.byteCount(entryCount: 1, traceCount: 1, hidden: 320))
        let transfer = Double(FrameHeader.byteCount + payload) / 1000
        let slow = try LinkProfile(latencySeconds: 3, bytesPerSecond: 1000)
        let report = try Self.run(
            Self.pipeline([0.1, 0.1], links: [instant, slow, instant]), 1, tokens: 10)
        #expect(near(report.gap.median, 0.2 + transfer + 3))
        #expect(near(report.linkBusyShares[1], transfer / (3.2 + transfer)))
        // Two streams pass it one after the other, but wait for its delay together.
        let two = try Self.run(Self.pipeline([0.1, 0.1], links: [instant, slow, instant]), 2, tokens: 100)
        #expect(near(two.gap.median, 3.2 + transfer))
        #expect(near(try #require(two.steadyTokensPerSecond), 2 / (3.2 + transfer)))
    }

    @Test func `who comes while all slots are taken waits for the first that is free`() throws {
        let report = try Self.run(Self.pipeline([1]), 3, tokens: 2, slots: 1)
        #expect(near(report.durationSeconds, 6) && near(report.firstToken.largest, 5))
        #expect(near(report.firstToken.median, 3))
    }

    @Test func `requests come at their time, whatever their order`() throws {
        let requests = [
            Simulation.Request(arrivalSeconds: 10, promptCount: 1, tokenCount: 1),
            Simulation.Request(arrivalSeconds: 2, promptCount: 1, tokenCount: 1),
        ]
        var simulation = Simulation(try Self.pipeline([1]), requests: requests, slotCount: 2)
        let report = simulation.run()
        #expect(near(report.durationSeconds, 9) && near(report.firstToken.largest, 1))
    }

    @Test func `nothing to do takes no time`() throws {
        var simulation = Simulation(try Self.pipeline([1]), requests: [], slotCount: 1)
        let report = simulation.run()
        #expect(report.durationSeconds == 0 && report.tokensPerSecond == 0 && report.gap.largest == 0)
    }

    // MARK: Whatever happens

    @Test(arguments: 0..<150)
    func `every request is served to its end, and no stage does two things at a time`(seed: Int) throws {
        var dice = SeededGenerator(seed: UInt64(seed))
        let stages = (0..<dice.roll(1...6)).map { _ in Double(dice.roll(0...20)) / 1000 }
        let links = try (0...stages.count).map { _ in
            try LinkProfile(
                latencySeconds: Double(dice.roll(0...50)) / 1000,
                bytesPerSecond: Double(dice.roll(10...10_000)) * 1000)
        }
        let requests = (0..<dice.roll(1...30)).map { _ in
            Simulation.Request(
                arrivalSeconds: Double(dice.roll(0...1000)) / 1000, promptCount: dice.roll(1...200),
                tokenCount: dice.roll(1...30))
        }
        let pipeline = try Self.pipeline(stages, links: links, perToken: 0.001)
        var simulation = Simulation(
            pipeline, requests: requests, slotCount: dice.roll(1...20), prefillChunk: dice.roll(1...64))
        var again = simulation
        let report = simulation.run()
        #expect(report.finishedCount == requests.count && report.refusedCount == 0)
        #expect(report.tokenCount == requests.reduce(0) { $0 + $1.tokenCount })
        #expect((report.busyShares + report.linkBusyShares).allSatisfy { $0 >= 0 && $0 <= 1 + 1e-9 })
        #expect(report.waitSeconds.allSatisfy { $0 >= 0 } && report.firstToken.median > 0)
        // No pass is faster than computing and all delays.
        let least = stages.reduce(links.reduce(0) { $0 + $1.latencySeconds }, +)
        #expect(report.gap.median >= least * (1 - 1e-9) || report.gap.largest == 0)
        #expect(again.run() == report)
    }

    @Test(arguments: [1, 2, 3, 5, 8])
    func `a full pipeline does what the formula says`(stageCount: Int) throws {
        let instant = try #require(Self.instant)
        for concurrency in [1, stageCount, 2 * stageCount, 4 * stageCount] {
            let pipeline = try Self.pipeline(
                [Double](repeating: 0.01, count: stageCount), perToken: 0.002)
            let report = Self.run(pipeline, concurrency, tokens: 200)
            let stages = (0..<stageCount).map { ("w\($0)", 1) }
            let profiles = Dictionary(uniqueKeysWithValues: stages.map { ($0.0, pipeline.stages[0].profile) })
            let prediction = try #require(
                PlanPrediction(
                    stages: stages, profiles: profiles,
                    goal: PlanGoal(
                        concurrency: concurrency, hiddenSize: 320,
                        links: LinkMatrix(assumed: instant))))
            let ratio = try #require(report.steadyTokensPerSecond) / prediction.tokensPerSecond
            #expect(abs(ratio - 1) < 0.005, "\(concurrency) at a time")
        }
    }
}
