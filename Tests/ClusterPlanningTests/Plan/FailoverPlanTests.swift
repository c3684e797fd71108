// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import TestSupport
import Testing

@Suite struct FailoverPlanTests {
    /// Nine layers of ten bytes on the wire; in memory a layer takes ten, embedding and head five each.
    private let cost = ModelCost(
        layerByteCounts: Array(repeating: 10, count: 9), embeddingByteCount: 5, outputNormByteCount: 0,
        headByteCount: 5, headSharesEmbedding: false,
        memory: MemoryCost(perLayer: 10, forFirst: 5, forLast: 5))

    private func offer(
        _ name: String, _ memory: UInt64 = 35, isSpare: Bool = false, stages: Int = 1
    ) -> WorkerOffer {
        WorkerOffer(
            name: name, address: "\(name):7101", memoryByteCount: memory, isSpare: isSpare,
            stagesMax: stages)
    }

    private func standing() throws -> Plan {
        try StagePlanner.plan(cost: cost, workers: [offer("a"), offer("b"), offer("c")])
    }

    private func plan(_ stages: [(worker: String, first: Int, end: Int)]) throws -> Plan {
        Plan(
            stages: try stages.enumerated().map { index, stage in
                PlannedStage(
                    index: index, worker: stage.worker, address: "",
                    layers: try #require(LayerRange(first: stage.first, end: stage.end)), wireByteCount: 0,
                    readByteCount: 0, memoryByteCount: 0)
            }, unused: [])
    }

    private func layers(_ plan: Plan) -> [String] { plan.stages.map { "\($0.worker) \($0.layers)" } }

    private func failover(_ workers: [WorkerOffer]) throws -> Plan {
        try FailoverPlan(after: standing(), cost: cost, workers: workers).plan()
    }

    @Test func `a reserve is room for the layers of any one worker`() throws {
        func plan(_ memories: [UInt64], spare: UInt64 = 0) throws -> [String] {
            let workers = zip(["a", "b", "c"], memories).map { offer($0, $1) }
            return layers(
                try StagePlanner.plan(
                    cost: cost, workers: workers + [offer("s", spare, isSpare: true)], reserves: true))
        }
        // Without one of them two hold nine layers, embedding and head: 50 and 50.
        #expect(try plan([55, 55, 55]) == ["a 0-2", "b 3-5", "c 6-8"])
        for memories: [UInt64] in [[35, 35, 35], [55, 44, 55], [44, 200, 44]] {
            let error = #expect(throws: PlanError.self) { try plan(memories, spare: 200) }
            #expect(error?.code == .memory && error?.message.contains("as --reserve asks") == true)
        }
        #expect(throws: PlanError.self) {
            try StagePlanner.plan(cost: cost, workers: [offer("a", 200)], reserves: true)
        }
    }

    @Test func `if all are back nothing moves`() throws {
        let plan = try failover([offer("c"), offer("b"), offer("a"), offer("s", isSpare: true)])
        #expect(layers(plan) == ["a 0-2", "b 3-5", "c 6-8"])
        #expect(plan.unused == ["s"] && plan.notes.isEmpty)
    }

    @Test(arguments: ["a", "b", "c"]) func `a spare takes the lost stage, and nothing else moves`(
        lost: String
    ) throws {
        let workers = ["a", "b", "c"].filter { $0 != lost }.map { offer($0, 90) }
        let plan = try failover(workers + [offer("small", 10), offer("s", isSpare: true)])
        let expected = ["a 0-2", "b 3-5", "c 6-8"]
        #expect(layers(plan) == expected.map { $0.hasPrefix(lost) ? "s" + $0.dropFirst() : $0 })
        #expect(plan.unused == ["small"])
        #expect(plan.notes.count == 1 && plan.notes[0].contains("go to worker s: worker \(lost) is lost"))
    }

    @Test func `of two spares the one takes a lost stage that holds it in memory`() throws {
        let held = LayerRange(first: 3, end: 9)
        let workers = [offer("a"), offer("c"), offer("r", isSpare: true), offer("s", 90, isSpare: true)]
        let plan = try FailoverPlan(
            after: standing(), cost: cost, workers: workers, warm: ["s": #require(held)]
        ).plan()
        #expect(layers(plan) == ["a 0-2", "s 3-5", "c 6-8"])
        #expect(plan.notes == ["layers 3-5 go to worker s: worker b is lost; it holds them in memory"])
        let other = try FailoverPlan(
            after: standing(), cost: cost,
            workers: [offer("b"), offer("c"), offer("r", isSpare: true), offer("s", 90, isSpare: true)],
            warm: ["s": #require(held)]
        ).plan()
        #expect(layers(other) == ["r 0-2", "b 3-5", "c 6-8"])
    }

    @Test func `a spare holds as many stages as it has room for, those first that no other holds`() throws {
        let choice = SpareChoice(for: try standing(), cost: cost)
        func layers(_ memory: UInt64, beside held: [LayerRange?] = []) -> String? {
            choice.layers(for: offer("s", memory), beside: held.compactMap(\.self)).map { "\($0)" }
        }
        #expect(layers(100) == "0-8")
        #expect(layers(99) == "0-5")
        #expect(layers(65) == "0-5")
        #expect(layers(64) == "0-2")
        #expect(layers(35) == "0-2")
        #expect(layers(34) == "3-5")
        #expect(layers(30) == "3-5")
        #expect(layers(29) == nil)
        #expect(layers(35, beside: [LayerRange(first: 0, end: 3)]) == "6-8")
        #expect(layers(35, beside: [LayerRange(first: 0, end: 3), LayerRange(first: 6, end: 9)]) == "3-5")
        #expect(layers(65, beside: [LayerRange(first: 0, end: 6)]) == "3-8")
        #expect(layers(100, beside: [LayerRange(first: 0, end: 9)]) == "0-8")
    }

    @Test func `without a spare the neighbours share the gap, as evenly as they can`() throws {
        #expect(layers(try failover([offer("a", 90), offer("c", 90)])) == ["a 0-4", "c 5-8"])
        #expect(layers(try failover([offer("a", 45), offer("c", 90)])) == ["a 0-3", "c 4-8"])
        #expect(layers(try failover([offer("a"), offer("c", 90)])) == ["a 0-2", "c 3-8"])
        #expect(layers(try failover([offer("b", 90), offer("c")])) == ["b 0-5", "c 6-8"])
        #expect(layers(try failover([offer("a"), offer("b", 90)])) == ["a 0-2", "b 3-8"])
    }

    @Test func `who is to be avoided gets nothing, and the plan says why`() throws {
        let workers = [offer("a"), offer("b"), offer("c"), offer("s")]
        let plan = try FailoverPlan(after: standing(), cost: cost, workers: workers, avoided: ["b"]).plan()
        #expect(layers(plan) == ["a 0-2", "s 3-5", "c 6-8"])
        #expect(plan.notes == ["layers 3-5 go to worker s: worker b cannot serve now"])
    }

    @Test func `two that are lost together are one gap`() throws {
        #expect(layers(try failover([offer("c", 200)])) == ["c 0-8"])
        #expect(layers(try failover([offer("a", 200)])) == ["a 0-8"])
        #expect(layers(try failover([offer("b", 200)])) == ["b 0-8"])
        let plan = try failover([offer("c"), offer("x"), offer("y")])
        #expect(layers(plan) == ["x 0-2", "y 3-5", "c 6-8"])
    }

    @Test func `if nobody has room beside its own all is divided anew`() throws {
        // The neighbour of the gap is full, but there is room further on.
        let plan = try failover([offer("b"), offer("c", 65)])
        #expect(layers(plan) == ["b 0-2", "c 3-8"])
        #expect(plan.notes.last?.contains("divided anew") == true)
    }

    @Test func `who has room elsewhere serves one more stage, and nothing else moves`() throws {
        func plan(_ b: UInt64, _ c: UInt64, stages: Int = 2) throws -> Plan {
            try failover([offer("b", b, stages: stages), offer("c", c, stages: 2)])
        }
        let plan1 = try plan(35, 70)
        #expect(layers(plan1) == ["c 0-2", "b 3-5", "c 6-8"])
        #expect(plan1.notes == ["layers 0-2 go to worker c: worker a is lost"])
        #expect(plan1.stages.map(\.index) == [0, 1, 2] && plan1.unused.isEmpty)
        // What fits beside the gap stays there.
        #expect(layers(try plan(45, 70)) == ["c 0-1", "b 2-5", "c 6-8"])
        #expect(layers(try plan(55, 60)) == ["c 0-0", "b 1-5", "c 6-8"])
        // One byte less is too little for two, and the whole is divided.
        #expect(layers(try plan(35, 69)) == ["b 0-2", "c 3-8"])
        // Somebody who would be linked to cannot tell one stage from another.
        #expect(layers(try plan(35, 70, stages: 1)) == ["b 0-2", "c 3-8"])
    }

    @Test func `a worker of several stages takes what lies between them, or leaves several gaps`() throws {
        func next(_ standing: [(String, Int, Int)], _ workers: [WorkerOffer]) throws -> [String] {
            layers(try FailoverPlan(after: plan(standing), cost: cost, workers: workers).plan())
        }
        let torn = [("c", 0, 3), ("b", 3, 6), ("c", 6, 9)]
        #expect(try next(torn, [offer("c", 100, stages: 2)]) == ["c 0-8"])
        #expect(try next(torn, [offer("b", 100, stages: 2)]) == ["b 0-8"])
        #expect(
            try next(torn, [offer("b", 35, stages: 2), offer("s", 70, stages: 2)]) == [
                "s 0-2", "b 3-5", "s 6-8",
            ])
        // A release that serves one stage only cannot keep both.
        #expect(try next(torn, [offer("b", 100), offer("c", 100)]).count == 2)
        // Two gaps at once, and one worker with room for the middle of each.
        let four = [("a", 0, 2), ("b", 2, 4), ("c", 4, 6), ("d", 6, 9)]
        #expect(
            try next(four, [offer("a", 25, stages: 3), offer("c", 75, stages: 3)]) == ["a 0-1", "c 2-8"])
        #expect(
            try next(four, [offer("b", 65, stages: 3), offer("d", 35, stages: 3)]) == ["b 0-5", "d 6-8"])
    }

    @Test func `two neighbours that are lost together go to two workers that are far from them`() throws {
        let standing = try plan([
            ("p", 0, 2), ("x", 2, 3), ("a", 3, 5), ("b", 5, 7), ("y", 7, 8), ("q", 8, 9),
        ])
        // Those next to the gap are full, and each of the others has room for one of the two.
        let workers = [("p", 45), ("x", 10), ("y", 10), ("q", 35)].map { offer($0, $1, stages: 2) }
        let next = try FailoverPlan(after: standing, cost: cost, workers: workers).plan()
        #expect(layers(next) == ["p 0-1", "x 2-2", "q 3-4", "p 5-6", "y 7-7", "q 8-8"])
        #expect(next.notes.count == 2)
    }

    @Test func `where there is no room the bytes that are short are told`() throws {
        let error = #expect(throws: PlanError.self) { try failover([offer("a"), offer("c")]) }
        #expect(error?.code == .memory && error?.shortByteCount == 30)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `whoever is lost, every layer is somewhere once and fits there`(seed: UInt64) throws {
        var dice = SeededGenerator(seed: seed)
        let names = (0..<dice.roll(2...6)).map { "w\($0)" }
        let standing = try StagePlanner.plan(cost: cost, workers: names.map { offer($0, 100) })
        let most = dice.roll(1...3)
        var workers = names.map {
            offer($0, UInt64(dice.roll(10...100)), isSpare: dice.once(in: 5), stages: most)
        }
        for _ in 0..<dice.roll(0...2) {
            workers.append(offer("s\(workers.count)", UInt64(dice.roll(5...100)), stages: most))
        }
        workers.removeAll { _ in dice.once(in: 3) }
        workers.shuffle(using: &dice)
        guard let plan = try? FailoverPlan(after: standing, cost: cost, workers: workers).plan() else {
            // Then no division fits either.
            let all = workers.map { offer($0.name, $0.memoryByteCount) }
            #expect(throws: PlanError.self) { try StagePlanner.plan(cost: cost, workers: all) }
            return
        }
        #expect(plan.stages.flatMap { Array($0.layers.first..<$0.layers.end) } == Array(0..<9))
        #expect(plan.stages.map(\.index) == Array(plan.stages.indices))
        for worker in workers {
            let stages = plan.stages.filter { $0.worker == worker.name }
            #expect(stages.count <= most)
            #expect(stages.reduce(0) { $0 + $1.memoryByteCount } <= worker.memoryByteCount)
        }
        #expect(zip(plan.stages, plan.stages.dropFirst()).allSatisfy { $0.worker != $1.worker })
        #expect(Set(plan.stages.map(\.worker) + plan.unused) == Set(workers.map(\.name)))
    }
}
