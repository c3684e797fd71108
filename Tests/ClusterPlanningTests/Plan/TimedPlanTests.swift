// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import Testing

@Suite struct TimedPlanTests {
    static let plenty: UInt64 = 1 << 40

    /// A worker that takes `layer` seconds for a layer, and half of it for every further token.
    static func worker(
        _ name: String, layer: Double, step: Double = 0, head: Double = 0, memory: UInt64 = plenty
    ) throws -> WorkerOffer {
        let profile = try WorkerProfile(
            layerSeconds: StepCostCurveTests.curve([(1, layer), (2, layer * 1.5)]),
            prefillLayerSeconds: StepCostCurveTests.curve([(1, layer)]),
            headSeconds: StepCostCurveTests.curve([(1, head)]), stepSeconds: step, readBytesPerSecond: 1e9,
            attentionSecondsPerToken: 0)
        return WorkerOffer(
            name: name, address: "\(name):1", memoryByteCount: memory, profile: profile)
    }

    static func goal(_ concurrency: Int, links: LinkMatrix? = nil, gain: Double = 0) throws -> PlanGoal {
        let instant = try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e14)
        return PlanGoal(
            concurrency: concurrency, hiddenSize: 32, cachedCount: 0,
            links: links ?? LinkMatrix(assumed: instant), orderGainMin: gain)
    }

    static func plan(
        layers: Int, _ workers: [WorkerOffer], _ goal: PlanGoal, first: UInt64 = 0, last: UInt64 = 0
    ) throws -> Plan {
        try StagePlanner.plan(
            cost: StagePlannerTests.cost(
                layers: [UInt64](repeating: 5, count: layers), first: first, last: last), workers: workers,
            goal: goal)
    }

    static func text(_ plan: Plan) -> [String] { plan.stages.map { "\($0.worker) \($0.layers)" } }

    // MARK: Many sequences

    @Test func `equal workers get equal shares, in the order of the file`() throws {
        let plan = try Self.plan(
            layers: 9, [Self.worker("a", layer: 1), Self.worker("b", layer: 1), Self.worker("c", layer: 1)],
            Self.goal(6))
        #expect(Self.text(plan) == ["a 0-2", "b 3-5", "c 6-8"])
        #expect(plan.basis == .time(inBestOrder: true))
        #expect(plan.unused.isEmpty)
    }

    @Test func `a worker that is twice as fast gets twice the layers`() throws {
        let plan = try Self.plan(
            layers: 9, [Self.worker("a", layer: 1), Self.worker("b", layer: 0.5)], Self.goal(8))
        #expect(Self.text(plan) == ["a 0-2", "b 3-8"])
    }

    @Test func `the head takes time of the last stage`() throws {
        let plan = try Self.plan(
            layers: 10, [Self.worker("a", layer: 1, head: 2), Self.worker("b", layer: 1, head: 2)],
            Self.goal(2))
        #expect(Self.text(plan) == ["a 0-5", "b 6-9"])
    }

    @Test func `who is fast with the head stands at the end if that is worth it`() throws {
        let workers = try [Self.worker("a", layer: 1, head: 1), Self.worker("b", layer: 1, head: 9)]
        #expect(try Self.text(Self.plan(layers: 9, workers, Self.goal(2))) == ["b 0-4", "a 5-8"])
        // Five of six seconds are gained, nine of ten are asked for.
        let lazy = try Self.plan(layers: 9, workers, Self.goal(2, gain: 9))
        #expect(Self.text(lazy).first?.hasPrefix("a") == true)
    }

    @Test func `memory for embedding and head decides who stands at the ends`() throws {
        let workers = try [
            Self.worker("a", layer: 1, memory: 39), Self.worker("b", layer: 1, memory: 75),
            Self.worker("c", layer: 1, memory: 60),
        ]
        let plan = try Self.plan(layers: 9, workers, Self.goal(6), first: 45, last: 30)
        #expect(Self.text(plan) == ["b 0-2", "a 3-5", "c 6-8"])
    }

    @Test func `memory that keeps layers from the fast is said to decide`() throws {
        let workers = try [Self.worker("a", layer: 0.1, memory: 20), Self.worker("b", layer: 1)]
        let plan = try Self.plan(layers: 9, workers, Self.goal(4))
        #expect(Self.text(plan) == ["a 0-1", "b 2-8"])
        #expect(plan.notes.contains { $0.hasPrefix("memory decides: with enough of it") }, "\(plan.notes)")
    }

    @Test func `a worker's own count of its memory is believed`() throws {
        var workers = try [Self.worker("a", layer: 1, memory: 90), Self.worker("b", layer: 1, memory: 90)]
        workers[0].memoryCost = MemoryCost(perLayer: 45)
        let plan = try Self.plan(layers: 9, workers, Self.goal(4))
        #expect(plan.stages.map(\.layers.count).sorted() == [2, 7])
        #expect(plan.stages.map(\.memoryByteCount).sorted() == [70, 90])
    }

    @Test func `links that are slow are avoided`() throws {
        var links = LinkMatrix(assumed: try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e14))
        let slow = try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e3)
        links[.worker("a"), .worker("b")] = slow
        links[.worker("a"), .worker("d")] = slow
        links[.worker("b"), .worker("c")] = slow
        let workers = try ["a", "b", "c", "d"].map { try Self.worker($0, layer: 0.01) }
        let plan = try Self.plan(layers: 8, workers, Self.goal(8, links: links))
        let order = plan.stages.map(\.worker).joined()
        #expect(["acdb", "bdca"].contains(order), "\(order)")
    }

    @Test func `a worker behind a slow link is left out, and why is said`() throws {
        var links = LinkMatrix(assumed: try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e14))
        let slow = try LinkProfile(latencySeconds: 0.5, bytesPerSecond: 1e3)
        for other in ["a", "c"] { links[.worker("b"), .worker(other)] = slow }
        links[.coordinator, .worker("b")] = slow
        let workers = try ["a", "b", "c"].map { try Self.worker($0, layer: 0.01) }
        let plan = try Self.plan(layers: 8, workers, Self.goal(4, links: links))
        #expect(Self.text(plan) == ["a 0-3", "c 4-7"])
        #expect(plan.unused == ["b"])
        #expect(
            plan.notes.contains { $0.hasPrefix("b is left out: one stage more makes it") }, "\(plan.notes)")
    }

    // MARK: One stream

    @Test func `one stream runs on the fastest worker that holds the model`() throws {
        let workers = try [
            Self.worker("a", layer: 1), Self.worker("b", layer: 0.5),
            Self.worker("c", layer: 0.2, memory: 50),
        ]
        let plan = try Self.plan(layers: 9, workers, Self.goal(1))
        #expect(Self.text(plan) == ["b 0-3", "c 4-8"])
        #expect(plan.unused == ["a"])
    }

    @Test func `fewer workers that are faster alone are named with both figures`() throws {
        let far = LinkMatrix(assumed: try LinkProfile(latencySeconds: 1, bytesPerSecond: 1e9))
        let workers = try ["a", "b"].map { try Self.worker($0, layer: 1) }
        let plan = try Self.plan(layers: 8, workers, Self.goal(16, links: far))
        #expect(plan.stages.count == 2)
        #expect(
            plan.notes == ["one stream alone would be faster on a: 0.10 tokens/s instead of 0.09 tokens/s"])
    }

    // MARK: What else is decided

    @Test func `without a profile of every worker bytes decide, and it is said`() throws {
        var workers = try [Self.worker("a", layer: 1), Self.worker("b", layer: 9)]
        workers[1].profile = nil
        let plan = try Self.plan(layers: 8, workers, Self.goal(4))
        #expect(Self.text(plan) == ["a 0-3", "b 4-7"])
        #expect(plan.basis == .bytes)
        #expect(plan.notes.count == 1 && plan.notes[0].hasSuffix("no measurements of b"))
    }

    @Test func `whoever gets no stage is named with the reason`() throws {
        var workers = try ["a", "b", "c", "d", "e"].map { try Self.worker($0, layer: 1) }
        workers[1].memoryByteCount = 9
        let few = try Self.plan(layers: 2, workers, Self.goal(8))
        #expect(few.unused == ["b", "d", "e"])
        #expect(few.notes.first == "b, d, e are left out: there are no more layers than stages")
        let many = try Self.plan(layers: 8, workers, Self.goal(8))
        #expect(many.unused == ["b"])
        #expect(many.notes.first == "b is left out: 9 B do not hold one layer")
    }

    @Test func `given layers stay as they are`() throws {
        var workers = try [Self.worker("a", layer: 1), Self.worker("b", layer: 9)]
        workers[0].assignedLayers = LayerRange(first: 0, end: 1)
        workers[1].assignedLayers = LayerRange(first: 1, end: 8)
        let plan = try Self.plan(layers: 8, workers, Self.goal(4))
        #expect(Self.text(plan) == ["a 0-0", "b 1-7"])
        #expect(plan.basis == .assignment)
    }

    @Test func `a model that fits nowhere is refused as ever`() throws {
        let workers = try [Self.worker("a", layer: 1, memory: 19), Self.worker("b", layer: 1, memory: 20)]
        let error = try #require(throws: PlanError.self) {
            try Self.plan(layers: 4, workers, Self.goal(4))
        }
        #expect(error.code == .memory && error.shortByteCount == 1)
    }

    @Test
    func `equal workers are placed in the best order however many, too many different ones in the file's`()
        throws
    {
        let equal = try (0..<64).map { try Self.worker("w\($0)", layer: 1) }
        let one = try Self.plan(layers: 80, equal, Self.goal(512))
        #expect(one.basis == .time(inBestOrder: true))
        #expect(one.stages.map(\.worker) == (0..<one.stages.count).map { "w\($0)" })
        let different = try (0..<20).map { try Self.worker("w\($0)", layer: 1 + Double($0 * 7 % 20) / 200) }
        let other = try Self.plan(layers: 80, different, Self.goal(512))
        #expect(other.basis == .time(inBestOrder: false))
        #expect(other.notes.contains { $0.hasPrefix("20 workers that differ are too many") })
        let numbers = other.stages.compactMap { Int($0.worker.dropFirst()) }
        #expect(numbers == numbers.sorted() && numbers.count == other.stages.count)
    }

    @Test func `figures at the limits, and none at all, make a plan`() throws {
        let most = try StepCostCurveTests.curve([(1, 0), (2, Limits.profileSecondsMax)])
        let slowest = try WorkerProfile(
            layerSeconds: most, prefillLayerSeconds: most, headSeconds: most,
            stepSeconds: Limits.profileSecondsMax, readBytesPerSecond: 1e3,
            attentionSecondsPerToken: Limits.attentionSecondsMax)
        let slow = try LinkProfile(
            latencySeconds: Limits.linkLatencySecondsMax,
            bytesPerSecond: Limits.bytesPerSecondRange.lowerBound)
        let offers = ["a", "b"].map {
            WorkerOffer(name: $0, address: "", memoryByteCount: .max, profile: slowest)
        }
        let goal = PlanGoal(
            concurrency: .max, hiddenSize: .max, cachedCount: .max, links: LinkMatrix(assumed: slow))
        let plan = try Self.plan(layers: Limits.layersMax, offers, goal)
        let prediction = try #require(PlanPrediction(plan: plan, workers: offers, goal: goal))
        #expect(prediction.roundSeconds.isFinite && prediction.tokensPerSecond > 0)
        let nothing = try ["a", "b"].map { try Self.worker($0, layer: 0) }
        #expect(try Self.plan(layers: 8, nothing, Self.goal(4)).stages.count >= 1)
    }
}
