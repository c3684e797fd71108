// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import TestSupport
import Testing

/// Plans by time against all plans that there are.
@Suite struct TimedPlanSearchTests {
    /// Whether all links are alike, or each differs, or workers come in two kinds.
    enum Kind: Int, CaseIterable { case equalLinks, differentLinks, twins, slowLinks }

    @Test(arguments: Kind.allCases)
    func `no order and no cut is better`(kind: Kind) throws {
        var dice = SeededGenerator(seed: 70 + UInt64(kind.rawValue))
        var infeasibleCount = 0
        var partialCount = 0
        var usualCount = 0
        for _ in 0..<150 {
            let (cost, workers, goal) = try Self.instance(kind, &dice)
            let all = AllPlans(cost: cost, workers: workers, goal: goal)
            guard let plan = try? StagePlanner.plan(cost: cost, workers: workers, goal: goal) else {
                #expect(all.best() == nil)
                infeasibleCount += 1
                continue
            }
            let score = try #require(all.best())
            let found = all.score(of: plan)
            #expect(plan.basis == .time(inBestOrder: true))
            #expect(found.round <= score.round * (1 + 1e-8), "\(plan)")
            // With the plan's own number of groups there is nothing better on as many stages.
            let same = try #require(
                all.best(stageCount: plan.stages.count, groupCount: plan.groupCount))
            #expect(abs(found.round - same.round) <= same.round * 1e-8, "\(plan)")
            #expect(found.bottleneck <= same.bottleneck * (1 + 1e-7), "\(plan)")
            if goal.round(stageCount: plan.stages.count).stepCount == plan.groupCount {
                #expect(found.stageCount >= score.stageCount, "\(plan)")
                usualCount += 1
            }
            if plan.stages.count < workers.count { partialCount += 1 }
        }
        #expect((5..<120).contains(infeasibleCount))
        #expect(partialCount > 5 && usualCount > 20)
    }

    private static func instance(
        _ kind: Kind, _ dice: inout SeededGenerator
    ) throws -> (ModelCost, [WorkerOffer], PlanGoal) {
        let layerCount = dice.roll(1...6)
        let cost = StagePlannerTests.cost(
            layers: [UInt64](repeating: 5, count: layerCount), first: UInt64(dice.roll(0...20)),
            last: UInt64(dice.roll(0...20)), perStage: UInt64(dice.roll(0...5)))
        let twins = try (0..<2).map { _ in try worker("", &dice) }
        let workers = try (0..<dice.roll(1...4)).map { index in
            var worker = kind == .twins ? twins[dice.roll(0...1)] : try worker("", &dice)
            worker.name = "w\(index)"
            return worker
        }
        var links = LinkMatrix(assumed: try link(kind, &dice))
        if kind == .differentLinks || kind == .slowLinks {
            let ends = workers.map { LinkMatrix.End.worker($0.name) } + [.coordinator]
            for from in ends { for to in ends where from != to { links[from, to] = try link(kind, &dice) } }
        }
        let goal = PlanGoal(
            concurrency: [1, 1, 2, 3, 4, 8, 16][dice.roll(0...6)], hiddenSize: 64, cachedCount: 10,
            links: links, orderGainMin: 0)
        return (cost, workers, goal)
    }

    private static func worker(_ name: String, _ dice: inout SeededGenerator) throws -> WorkerOffer {
        func seconds(_ range: ClosedRange<Int>) -> Double { Double(dice.roll(range)) / 1000 }
        let layer = seconds(1...20)
        let profile = try WorkerProfile(
            layerSeconds: StepCostCurveTests.curve([(1, layer), (4, layer + seconds(0...20))]),
            prefillLayerSeconds: StepCostCurveTests.curve([(1, layer)]),
            headSeconds: StepCostCurveTests.curve([(1, seconds(0...40)), (8, 0.05)]),
            stepSeconds: seconds(0...5), readBytesPerSecond: 1e9,
            attentionSecondsPerToken: seconds(0...1) / 10)
        return WorkerOffer(
            name: name, address: "", memoryByteCount: UInt64(dice.roll(5...90)), profile: profile)
    }

    private static func link(_ kind: Kind, _ dice: inout SeededGenerator) throws -> LinkProfile {
        try LinkProfile(
            latencySeconds: Double(dice.roll(0...20)) / 1000,
            bytesPerSecond: kind == .slowLinks ? Double(dice.roll(2...60)) * 1000 : 1e6)
    }
}

/// Tries every order of every set of workers, and every cut.
private struct AllPlans {
    struct Score {
        var round: Double
        var stageCount: Int
        var bottleneck: Double
    }

    let cost: ModelCost
    let workers: [WorkerOffer]
    let goal: PlanGoal

    /// With a group for each stage: the shortest round; of those the most stages; of those the fastest slowest
    /// stage or link.
    ///
    /// - Parameter stageCount: only with so many stages, if it is given, and then with `groupCount` groups.
    func best(stageCount: Int? = nil, groupCount: Int? = nil) -> Score? {
        var scores: [Score] = []
        visit([], left: Array(workers.indices)) { order in
            guard stageCount == nil || order.count == stageCount else { return }
            cuts(cost.layerByteCounts.count, order.count) { counts in
                if fits(order, counts) { scores.append(score(order, counts, groupCount)) }
            }
        }
        guard let least = scores.map(\.round).min() else { return nil }
        let shortest = scores.filter { $0.round <= least * (1 + 1e-9) }
        let most = shortest.map(\.stageCount).max() ?? 0
        return shortest.filter { $0.stageCount == most }.min { $0.bottleneck < $1.bottleneck }
    }

    func score(of plan: Plan) -> Score {
        let order = plan.stages.map { stage in workers.firstIndex { $0.name == stage.worker } ?? -1 }
        return score(order, plan.stages.map(\.layers.count), plan.groupCount)
    }

    private func visit(_ order: [Int], left: [Int], _ body: ([Int]) -> Void) {
        if !order.isEmpty { body(order) }
        for index in left { visit(order + [index], left: left.filter { $0 != index }, body) }
    }

    private func cuts(_ layerCount: Int, _ stageCount: Int, _ body: ([Int]) -> Void) {
        if stageCount == 1 { return body([layerCount]) }
        guard layerCount >= stageCount else { return }
        for count in 1..<layerCount { cuts(layerCount - count, stageCount - 1) { body([count] + $0) } }
    }

    private func fits(_ order: [Int], _ counts: [Int]) -> Bool {
        order.indices.allSatisfy { index in
            var memory = UInt64(counts[index]) * cost.memory.perLayer + cost.memory.perStage
            if index == 0 { memory += cost.memory.forFirst }
            if index == order.count - 1 { memory += cost.memory.forLast }
            return memory <= workers[order[index]].memoryByteCount
        }
    }

    private func score(_ order: [Int], _ counts: [Int], _ groupCount: Int?) -> Score {
        let round = goal.round(stageCount: order.count, groupCount: groupCount)
        var slowest = 0.0
        var pass = 0.0
        for (index, worker) in order.enumerated() {
            let seconds =
                workers[worker].profile?.secondsOfStage(
                    round.work, layerCount: counts[index], isLast: index == order.count - 1) ?? .nan
            slowest = max(slowest, seconds)
            pass += seconds
        }
        let ends = [.coordinator] + order.map { LinkMatrix.End.worker(workers[$0].name) } + [.coordinator]
        for index in 0...order.count {
            let byteCount =
                index == 0
                ? round.openingByteCount : index == order.count ? round.outcomeByteCount : round.hopByteCount
            let link = goal.links[ends[index], ends[index + 1]]
            slowest = max(slowest, Double(byteCount) / link.bytesPerSecond)
            pass += Double(byteCount) / link.bytesPerSecond + link.latencySeconds
        }
        return Score(
            round: max(pass, slowest * Double(round.stepCount)), stageCount: order.count, bottleneck: slowest)
    }
}
