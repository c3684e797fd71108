// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import Testing

@Suite struct PlanPredictionTests {
    private static func prediction(
        _ layers: [(String, Int)], _ workers: [WorkerOffer], _ goal: PlanGoal
    ) throws -> PlanPrediction {
        let profiles = workers.compactMap { worker in worker.profile.map { (worker.name, $0) } }
        return try #require(
            PlanPrediction(
                stages: layers, profiles: Dictionary(uniqueKeysWithValues: profiles), goal: goal))
    }

    private func near(_ value: Double, _ expected: Double) -> Bool {
        abs(value - expected) <= 1e-6 * expected
    }

    @Test func `with as many sequences as stages the slowest stage gives the pace`() throws {
        let workers = try [
            TimedPlanTests.worker("a", layer: 0.01), TimedPlanTests.worker("b", layer: 0.02, head: 0.01),
        ]
        let found = try Self.prediction([("a", 9), ("b", 4)], workers, TimedPlanTests.goal(2))
        #expect(near(found.stages[0].stepSeconds, 0.09) && near(found.stages[1].stepSeconds, 0.09))
        #expect(near(found.tokensPerSecond, 2 / 0.18))
        #expect(near(found.stages[0].busyShare, 1))
        #expect(found.bottleneck == .layers(stage: 0) || found.bottleneck == .layers(stage: 1))
        #expect(found.reason.hasSuffix("layers take 90.0 ms a step"), "\(found.reason)")
    }

    @Test func `one stream takes one pass a token`() throws {
        let workers = try [TimedPlanTests.worker("a", layer: 0.01), TimedPlanTests.worker("b", layer: 0.01)]
        let links = LinkMatrix(assumed: try LinkProfile(latencySeconds: 0.01, bytesPerSecond: 1e14))
        let found = try Self.prediction(
            [("a", 4), ("b", 4)], workers, TimedPlanTests.goal(1, links: links))
        #expect(near(found.passSeconds, 0.11) && near(found.tokensPerSecond, 1 / 0.11))
        #expect(found.bottleneck == .pass)
        #expect(
            found.reason
                == "a step takes 110 ms all the way round, 30.0 ms of it on links; 1 step does not fill "
                + "2 stages")
    }

    @Test func `a large head is named, and so is a slow link`() throws {
        let workers = try [
            TimedPlanTests.worker("a", layer: 0.01), TimedPlanTests.worker("b", layer: 0.01, head: 0.5),
        ]
        let head = try Self.prediction([("a", 7), ("b", 1)], workers, TimedPlanTests.goal(8))
        #expect(head.bottleneck == .head(stage: 1))
        #expect(head.reason == "the head on stage 1 (b): 2000 ms of 2025 ms a step")
        var links = LinkMatrix(assumed: try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e14))
        links[.worker("a"), .worker("b")] = try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e3)
        let link = try Self.prediction(
            [("a", 1), ("b", 1)], [workers[0], TimedPlanTests.worker("b", layer: 0.01)],
            TimedPlanTests.goal(2, links: links))
        #expect(link.bottleneck == .link(1))
        let byteCount = link.round.hopByteCount
        #expect((100...200).contains(byteCount))
        #expect(
            link.reason == "the link from worker a to worker b: \(byteCount) B a step take \(byteCount) ms")
    }

    @Test func `without a profile nothing is predicted`() throws {
        let goal = try TimedPlanTests.goal(1)
        #expect(PlanPrediction(stages: [("a", 1)], profiles: [:], goal: goal) == nil)
        #expect(PlanPrediction(stages: [], profiles: [:], goal: goal) == nil)
    }

    @Test(arguments: [(0.0, 2), (0.002, 2), (0.02, 3), (0.1, 8)])
    func `longer ways are filled with more and smaller steps`(delay: Double, groupCount: Int) throws {
        let workers = try [TimedPlanTests.worker("a", layer: 0.01), TimedPlanTests.worker("b", layer: 0.01)]
        let links = LinkMatrix(assumed: try LinkProfile(latencySeconds: delay, bytesPerSecond: 1e14))
        let plan = try TimedPlanTests.plan(layers: 8, workers, TimedPlanTests.goal(8, links: links))
        #expect(plan.groupCount == groupCount && plan.stages.count == 2)
    }

    @Test(arguments: [
        (1, 4, 1, 1), (4, 4, 1, 4), (9, 4, 3, 3), (512, 64, 8, 64), (512, 200, 5, 103), (4096, 1, 1959, 3),
    ])
    func `sequences are divided among as many steps as there are stages`(
        concurrency: Int, stageCount: Int, perStep: Int, stepCount: Int
    ) {
        let round = PlanGoal(concurrency: concurrency, hiddenSize: 4000).round(stageCount: stageCount)
        #expect(round.sequencesPerStep == perStep && round.stepCount == stepCount, "\(round)")
    }
}
