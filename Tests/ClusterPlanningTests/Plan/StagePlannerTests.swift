// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import TestSupport
import Testing

@Suite struct StagePlannerTests {
    static func cost(
        layers: [UInt64], embedding: UInt64 = 0, norm: UInt64 = 0, head: UInt64 = 0, shared: Bool = false,
        perLayer: UInt64 = 10, first: UInt64 = 0, last: UInt64 = 0, perStage: UInt64 = 0
    ) -> ModelCost {
        ModelCost(
            layerByteCounts: layers, embeddingByteCount: embedding, outputNormByteCount: norm,
            headByteCount: head, headSharesEmbedding: shared,
            memory: MemoryCost(perLayer: perLayer, forFirst: first, forLast: last, perStage: perStage))
    }

    static func workers(_ memories: [UInt64], layers: [LayerRange?] = []) -> [WorkerOffer] {
        memories.enumerated().map { index, memory in
            WorkerOffer(
                name: "w\(index)", address: "127.0.0.1:\(7101 + index)", memoryByteCount: memory,
                assignedLayers: index < layers.count ? layers[index] : nil)
        }
    }

    static let plenty: UInt64 = 1 << 40

    // MARK: Chosen by the planner

    @Test func `equal layers are divided evenly, in the workers' order`() throws {
        let plan = try StagePlanner.plan(
            cost: Self.cost(layers: [UInt64](repeating: 5, count: 9)),
            workers: Self.workers([Self.plenty, Self.plenty, Self.plenty]))
        #expect(plan.stages.map(\.layers.description) == ["0-2", "3-5", "6-8"])
        #expect(plan.stages.map(\.worker) == ["w0", "w1", "w2"])
        #expect(plan.stages.map(\.address) == ["127.0.0.1:7101", "127.0.0.1:7102", "127.0.0.1:7103"])
        #expect(plan.stages.map(\.index) == [0, 1, 2])
        #expect(plan.stages.map(\.wireByteCount) == [15, 15, 15])
        #expect(plan.stages.map(\.memoryByteCount) == [30, 30, 30])
        #expect(plan.unused.isEmpty)
    }

    @Test func `embedding, norm and head weigh on the stages that have them`() throws {
        let plan = try StagePlanner.plan(
            cost: Self.cost(
                layers: [UInt64](repeating: 10, count: 8), embedding: 20, norm: 1, head: 19, first: 7,
                last: 8,
                perStage: 3),
            workers: Self.workers([Self.plenty, Self.plenty, Self.plenty]))
        // Decoding reads one row of the embedding, so it weighs on the wire and in memory only.
        #expect(plan.stages.map(\.readByteCount) == [30, 30, 40])
        #expect(plan.stages.map(\.wireByteCount) == [50, 30, 40])
        #expect(plan.stages.map(\.layers.description) == ["0-2", "3-5", "6-7"])
        #expect(plan.stages.map(\.memoryByteCount) == [40, 33, 31])
    }

    @Test func `a head that is the embedding's file is shipped once to a stage that has both`() throws {
        let cost = Self.cost(layers: [10, 10], embedding: 50, norm: 1, head: 50, shared: true)
        let alone = try StagePlanner.plan(cost: cost, workers: Self.workers([Self.plenty]))
        #expect(alone.stages.map(\.wireByteCount) == [71])
        let two = try StagePlanner.plan(cost: cost, workers: Self.workers([Self.plenty, Self.plenty]))
        #expect(two.stages.map(\.wireByteCount) == [60, 61])
    }

    @Test func `stages that are not the largest are even too`() throws {
        let plan = try StagePlanner.plan(
            cost: Self.cost(layers: [UInt64](repeating: 1, count: 9), head: 100),
            workers: Self.workers([Self.plenty, Self.plenty, Self.plenty]))
        #expect(plan.stages.map(\.layers.description) == ["0-3", "4-7", "8-8"])
    }

    @Test(arguments: 1...12)
    func `any number of workers up to the number of layers is used`(count: Int) throws {
        let plan = try StagePlanner.plan(
            cost: Self.cost(layers: [UInt64](repeating: 3, count: 12)),
            workers: Self.workers([UInt64](repeating: Self.plenty, count: count)))
        #expect(plan.stages.count == count)
        #expect(plan.stages.map(\.layers.count).max() == (12 + count - 1) / count)
    }

    @Test func `workers beyond the number of layers stay unused and are named`() throws {
        let plan = try StagePlanner.plan(
            cost: Self.cost(layers: [1, 1]), workers: Self.workers([20, 20, 20, 20]))
        #expect(plan.stages.map(\.worker) == ["w0", "w1"])
        #expect(plan.unused == ["w2", "w3"])
    }

    @Test func `a worker that cannot hold a single layer stays unused`() throws {
        let plan = try StagePlanner.plan(
            cost: Self.cost(layers: [1, 1, 1, 1]), workers: Self.workers([100, 9, 100]))
        #expect(plan.stages.map(\.layers.description) == ["0-1", "2-3"])
        #expect(plan.unused == ["w1"])
    }

    @Test func `spares get no stage and do not count as unused`() throws {
        var workers = Self.workers([100, 100, 100])
        workers[1].isSpare = true
        let plan = try StagePlanner.plan(cost: Self.cost(layers: [1, 1]), workers: workers)
        #expect(plan.stages.map(\.worker) == ["w0", "w2"])
        #expect(plan.unused.isEmpty)
    }

    @Test func `memory moves the cuts`() throws {
        let plan = try StagePlanner.plan(
            cost: Self.cost(layers: [UInt64](repeating: 1, count: 10), perStage: 5),
            workers: Self.workers([25, 85]))
        #expect(plan.stages.map(\.layers.description) == ["0-1", "2-9"])
        #expect(plan.stages.map(\.memoryByteCount) == [25, 85])
    }

    @Test func `one byte too little says how many are short, in all and where`() throws {
        let error = try #require(throws: PlanError.self) {
            try StagePlanner.plan(
                cost: Self.cost(layers: [UInt64](repeating: 1, count: 10), perStage: 5),
                workers: Self.workers([25, 84]))
        }
        #expect(error.code == .memory)
        #expect(error.shortByteCount == 1)
        #expect(error.message.contains("1 bytes short in all"))
        #expect(
            error.message.contains("worker w1 would need 85 B for layers 2-9 but may use 84 B: 1 bytes short")
        )
    }

    @Test func `memory that suffices in all but not for any cut is said to`() throws {
        let error = try #require(throws: PlanError.self) {
            try StagePlanner.plan(cost: Self.cost(layers: [1, 1, 1]), workers: Self.workers([9, 19, 19]))
        }
        #expect(error.shortByteCount == 0)
        #expect(
            error.message.contains("worker w0 would need 10 B for layer 0 but may use 9 B: 1 bytes short"))
        #expect(
            error.message.contains("worker w2 would need 20 B for layers 1-2 but may use 19 B: 1 bytes short")
        )
    }

    @Test func `the plan is as good as the best of all`() throws {
        var dice = SeededGenerator(seed: 20)
        var infeasibleCount = 0
        for _ in 0..<2000 {
            let layers = (0..<dice.roll(1...7)).map { _ in UInt64(dice.roll(1...20)) }
            let embedding = UInt64(dice.roll(0...40))
            let shared = dice.once(in: 2)
            let cost = Self.cost(
                layers: layers, embedding: embedding, norm: 1,
                head: shared ? embedding : UInt64(dice.roll(0...40)), shared: shared,
                first: UInt64(dice.roll(0...20)), last: UInt64(dice.roll(0...20)),
                perStage: UInt64(dice.roll(0...5)))
            let workers = Self.workers((0..<dice.roll(1...5)).map { _ in UInt64(dice.roll(0...80)) })
            let best = Exhaustive(cost: cost, workers: workers).best()
            let plan = try? StagePlanner.plan(cost: cost, workers: workers)
            #expect(plan?.stages.map(\.readByteCount).max() == best?.largest)
            #expect(plan?.unused.count == best?.unusedCount)
            guard let plan else {
                infeasibleCount += 1
                continue
            }
            #expect(plan.stages.flatMap { Array($0.layers.indices) } == Array(layers.indices))
            for stage in plan.stages {
                let worker = try #require(workers.first { $0.name == stage.worker })
                #expect(stage.memoryByteCount <= worker.memoryByteCount)
            }
        }
        #expect((200..<1800).contains(infeasibleCount))
    }

    @Test func `the largest model on the most workers is planned`() throws {
        var dice = SeededGenerator(seed: 3)
        let layers = (0..<Limits.layersMax).map { _ in UInt64(dice.roll(900...1100)) }
        for count in [64, Limits.workersMax] {
            let plan = try StagePlanner.plan(
                cost: Self.cost(layers: layers),
                workers: Self.workers([UInt64](repeating: Self.plenty, count: count)))
            #expect(plan.stages.count == count)
        }
    }

    // MARK: Chosen by the operator

    @Test func `stages follow the given layers, not the order of the workers`() throws {
        let layers = [LayerRange(first: 4, end: 6), LayerRange(first: 0, end: 4)]
        let plan = try StagePlanner.plan(
            cost: Self.cost(layers: [UInt64](repeating: 2, count: 6)),
            workers: Self.workers([Self.plenty, Self.plenty], layers: layers))
        #expect(plan.stages.map(\.worker) == ["w1", "w0"])
        #expect(plan.stages.map(\.layers.description) == ["0-3", "4-5"])
        #expect(plan.stages.map(\.wireByteCount) == [8, 4])
    }

    @Test(
        arguments: [
            ([(0, 3), (4, 6)], "layer 3 is given to no worker: worker w0 ends with layer 2"),
            ([(0, 2), (4, 6)], "layers 2-3 are given to no worker: worker w0 ends with layer 1"),
            ([(1, 3), (3, 6)], "layer 0 is given to no worker"),
            ([(0, 3), (3, 5)], "layer 5 is given to no worker: worker w1 ends with layer 4"),
            ([(0, 4), (3, 6)], "layers 0-3 of worker w0 and layers 3-5 of worker w1 overlap"),
            ([(0, 6), (0, 6)], "layers 0-5 of worker w0 and layers 0-5 of worker w1 overlap"),
            ([(0, 3), (3, 7)], "worker w1 is given layers 3-6, but the model's last layer is 5"),
        ] as [([(Int, Int)], String)])
    func `layers that do not make up the model are named`(ranges: [(Int, Int)], message: String) throws {
        let layers = ranges.map { LayerRange(first: $0.0, end: $0.1) }
        let error = try #require(throws: PlanError.self) {
            try StagePlanner.plan(
                cost: Self.cost(layers: [UInt64](repeating: 2, count: 6)),
                workers: Self.workers([Self.plenty, Self.plenty], layers: layers))
        }
        #expect(error.code == .layers)
        #expect(error.message == message)
    }

    @Test func `layers for some workers only are refused`() throws {
        let error = try #require(throws: PlanError.self) {
            try StagePlanner.plan(
                cost: Self.cost(layers: [1, 1]),
                workers: Self.workers([50, 50], layers: [LayerRange(first: 0, end: 2)]))
        }
        #expect(error.code == .layers)
        #expect(error.message.contains("not for w1"))
    }

    @Test func `given layers that do not fit say how many bytes are short on which worker`() throws {
        let layers = [LayerRange(first: 0, end: 3), LayerRange(first: 3, end: 6)]
        let error = try #require(throws: PlanError.self) {
            try StagePlanner.plan(
                cost: Self.cost(layers: [UInt64](repeating: 2, count: 6)),
                workers: Self.workers([30, 28], layers: layers))
        }
        #expect(error.code == .memory)
        #expect(error.shortByteCount == 2)
        #expect(error.message.contains("worker w1 needs 30 B for layers 3-5 but may use 28 B: 2 bytes short"))
        #expect(!error.message.contains("w0"))
    }

    // MARK: Limits

    @Test func `no workers, or one more than the limit, are refused`() {
        let cost = Self.cost(layers: [1])
        let tooMany = Self.workers([UInt64](repeating: 100, count: Limits.workersMax + 1))
        for workers in [[], tooMany] {
            #expect(throws: PlanError.self) { try StagePlanner.plan(cost: cost, workers: workers) }
        }
    }

    @Test func `figures at the limit are planned and one past it refused`() throws {
        let largest = Self.cost(
            layers: [UInt64](repeating: Limits.plannedBytesMax, count: Limits.layersMax),
            embedding: Limits.plannedBytesMax, norm: Limits.plannedBytesMax, head: Limits.plannedBytesMax,
            perLayer: Limits.plannedBytesMax, first: Limits.plannedBytesMax, last: Limits.plannedBytesMax,
            perStage: Limits.plannedBytesMax)
        // No machines have room for that, which is said in numbers.
        for memory in [1, UInt64.max] {
            let error = try #require(throws: PlanError.self) {
                try StagePlanner.plan(cost: largest, workers: Self.workers([memory, memory]))
            }
            #expect(error.code == .memory)
        }
        let room = Self.cost(layers: [UInt64](repeating: Limits.plannedBytesMax, count: 20))
        #expect(try StagePlanner.plan(cost: room, workers: Self.workers([.max, .max])).stages.count == 2)
        var tooLarge = largest
        tooLarge.memory.forLast += 1
        let tooManyLayers = Self.cost(layers: [UInt64](repeating: 1, count: Limits.layersMax + 1))
        for cost in [tooLarge, tooManyLayers, Self.cost(layers: [])] {
            let error = try #require(throws: PlanError.self) {
                try StagePlanner.plan(cost: cost, workers: Self.workers([.max]))
            }
            #expect(error.code == .cost)
        }
    }
}

/// Tries every division.
private struct Exhaustive {
    let cost: ModelCost
    let workers: [WorkerOffer]

    func best() -> (largest: UInt64, unusedCount: Int)? {
        var best: (UInt64, Int)?
        visit(worker: 0, first: 0, largest: 0, unused: 0) { found in
            if best.map({ found < $0 }) ?? true { best = found }
        }
        return best
    }

    private func visit(
        worker: Int, first: Int, largest: UInt64, unused: Int, found: ((UInt64, Int)) -> Void
    ) {
        let layerCount = cost.layerByteCounts.count
        guard worker < workers.count else {
            if first == layerCount { found((largest, unused)) }
            return
        }
        visit(worker: worker + 1, first: first, largest: largest, unused: unused + 1, found: found)
        for end in first..<layerCount {
            let size = stage(first, end + 1)
            guard size.memory <= workers[worker].memoryByteCount else { continue }
            visit(
                worker: worker + 1, first: end + 1, largest: max(largest, size.read), unused: unused,
                found: found)
        }
    }

    private func stage(_ first: Int, _ end: Int) -> (read: UInt64, memory: UInt64) {
        var read = cost.layerByteCounts[first..<end].reduce(0, +)
        var memory = UInt64(end - first) * cost.memory.perLayer + cost.memory.perStage
        if first == 0 { memory += cost.memory.forFirst }
        if end == cost.layerByteCounts.count {
            read += cost.outputNormByteCount + cost.headByteCount
            memory += cost.memory.forLast
        }
        return (read, memory)
    }
}
