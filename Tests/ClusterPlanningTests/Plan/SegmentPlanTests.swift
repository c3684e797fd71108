// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import Testing

/// Plans of a model whose layers stay together in segments.
@Suite struct SegmentPlanTests {
    /// Layers of five bytes on the wire and ten in memory.
    private func cost(layers layerCount: Int, segments: Int) -> ModelCost {
        var cost = StagePlannerTests.cost(layers: [UInt64](repeating: 5, count: layerCount))
        cost.segmentLayers = segments
        return cost
    }

    private func layers(_ plan: Plan) -> [String] { plan.stages.map(\.layers.description) }

    @Test(arguments: [
        (1, ["0-3", "4-6", "7-9"]), (2, ["0-3", "4-7", "8-9"]), (3, ["0-2", "3-5", "6-9"]),
        (4, ["0-3", "4-7", "8-9"]), (5, ["0-4", "5-9"]), (9, ["0-8", "9-9"]), (10, ["0-9"]),
        (1024, ["0-9"]),
    ])
    func `stages are of whole segments, the last of which may be short`(
        segments: Int, expected: [String]
    ) throws {
        let cost = cost(layers: 10, segments: segments)
        let workers = StagePlannerTests.workers([UInt64](repeating: StagePlannerTests.plenty, count: 3))
        let plan = try StagePlanner.plan(cost: cost, workers: workers)
        #expect(plan.stages.allSatisfy { $0.layers.first.isMultiple(of: segments) })
        #expect(plan.stages.last?.layers.end == 10)
        #expect(plan.stages.map(\.layers.count).max() == expected.map { layerCount($0) }.max())
        #expect(plan.unused.count == 3 - expected.count)
        let timed = try StagePlanner.plan(
            cost: cost, workers: ["a", "b", "c"].map { try TimedPlanTests.worker($0, layer: 1) },
            goal: TimedPlanTests.goal(6))
        #expect(timed.basis == .time(inBestOrder: true))
        #expect(timed.stages.allSatisfy { $0.layers.first.isMultiple(of: segments) })
        #expect(timed.stages.last?.layers.end == 10)
        #expect(timed.stages.count == expected.count)
    }

    private func layerCount(_ range: String) -> Int {
        let ends = range.split(separator: "-").compactMap { Int($0) }
        return ends[1] - ends[0] + 1
    }

    @Test func `a short last segment is counted as what it is`() throws {
        let plan = try StagePlanner.plan(
            cost: cost(layers: 9, segments: 4),
            workers: ["a", "b"].map { try TimedPlanTests.worker($0, layer: 1) }, goal: TimedPlanTests.goal(4))
        #expect(layers(plan) == ["0-3", "4-8"])
    }

    @Test func `room for a part of a segment is no room`() throws {
        let cost = cost(layers: 8, segments: 2)
        func plan(_ memories: UInt64...) throws -> [String] {
            layers(try StagePlanner.plan(cost: cost, workers: StagePlannerTests.workers(memories)))
        }
        #expect(try plan(39, 60) == ["0-1", "2-7"])
        #expect(try plan(40, 40) == ["0-3", "4-7"])
        let error = #expect(throws: PlanError.self) { try plan(39, 59) }
        #expect(error?.code == .memory)
        // One worker holds all, though the last segment is a part of one.
        let odd = self.cost(layers: 9, segments: 2)
        let alone = try StagePlanner.plan(
            cost: odd, workers: [TimedPlanTests.worker("a", layer: 1, memory: 90)],
            goal: TimedPlanTests.goal(1))
        #expect(layers(alone) == ["0-8"] && alone.basis == .time(inBestOrder: true))
    }

    @Test func `layers that are given to workers must not divide a segment`() throws {
        let cost = cost(layers: 9, segments: 4)
        func plan(_ first: (Int, Int), _ second: (Int, Int)) throws -> [String] {
            let ranges = [first, second].map { LayerRange(first: $0.0, end: $0.1) }
            return layers(
                try StagePlanner.plan(
                    cost: cost,
                    workers: StagePlannerTests.workers(
                        [StagePlannerTests.plenty, StagePlannerTests.plenty], layers: ranges)))
        }
        #expect(try plan((0, 8), (8, 9)) == ["0-7", "8-8"])
        let error = #expect(throws: PlanError.self) { try plan((0, 3), (3, 9)) }
        #expect(error?.code == .layers)
        #expect(
            error?.message.contains("worker w0 is given layers 0-2, but text is cut into segments of 4")
                == true)
    }

    @Test func `neighbours of a lost stage share it between segments`() throws {
        let cost = cost(layers: 12, segments: 2)
        func offer(_ name: String) -> WorkerOffer {
            WorkerOffer(name: name, address: "\(name):1", memoryByteCount: 70)
        }
        let standing = try StagePlanner.plan(cost: cost, workers: ["a", "b", "c"].map(offer))
        #expect(layers(standing) == ["0-3", "4-7", "8-11"])
        let plan = try FailoverPlan(after: standing, cost: cost, workers: ["a", "c"].map(offer)).plan()
        #expect(layers(plan) == ["0-5", "6-11"])
        var small = offer("c")
        small.memoryByteCount = 59
        let uneven = try FailoverPlan(after: standing, cost: cost, workers: [offer("a"), small])
        #expect(throws: PlanError.self) { try uneven.plan() }
    }
}
