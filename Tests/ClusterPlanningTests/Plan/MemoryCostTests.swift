// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import Testing

@Suite struct MemoryCostTests {
    @Test(arguments: [false, true], HeadType.allCases)
    func `a plan gives each stage the memory that its account says`(isTied: Bool, headType: HeadType) throws {
        let model = ModelDescription(
            name: "m",
            shape: .init(
                layerCount: 6, hiddenSize: 260, feedForwardSize: 700, headCount: 4, keyValueHeadCount: 2,
                headSize: 66, vocabularySize: 3001, hasSubNorms: isTied),
            contextLength: 512, normEpsilon: 1e-5, ropeBase: 10_000, activation: .siLU,
            rotaryPairing: .halves,
            hasTiedHead: isTied)
        let account = MemoryAccount(
            model: model,
            settings: StageSettings(
                cache: CacheShape(slots: 3, context: 100, type: .int8), prefillChunk: 64, hiddenSize: 64,
                headType: headType, keepsStates: isTied),
            tables: TableEncodings(embedding: .q8Zero, head: isTied ? nil : .float16),
            machine: StageMachine(isa: "avx512", threadCount: 5))
        let cost = StagePlannerTests.cost(layers: [UInt64](repeating: 1, count: 6))
        for count in 1...3 {
            var workers = StagePlannerTests.workers([UInt64](repeating: 1 << 40, count: count))
            for index in workers.indices { workers[index].memoryCost = MemoryCost(account) }
            for stage in try StagePlanner.plan(cost: cost, workers: workers).stages {
                #expect(stage.memoryByteCount == account.memory(of: stage.layers).total)
            }
        }
    }

    @Test func `what a worker says of its layers counts instead of what is accounted`() {
        let account = MemoryAccount(
            model: ModelDescription(
                name: "m",
                shape: .init(
                    layerCount: 1, hiddenSize: 64, feedForwardSize: 64, headCount: 1, keyValueHeadCount: 1,
                    headSize: 64, vocabularySize: 10, hasSubNorms: false),
                contextLength: 16, normEpsilon: 1e-5, ropeBase: 10_000, activation: .siLU,
                rotaryPairing: .halves, hasTiedHead: true),
            settings: StageSettings(
                cache: CacheShape(slots: 1, context: 16), stepTokensMax: 1, headType: .exact),
            tables: TableEncodings(), machine: .unknown)
        let cost = MemoryCost(account, layerWeights: 7)
        #expect(cost.perLayer == 7 + account.layerCacheByteCount)
        var accounted = MemoryCost(account)
        accounted.perLayer = cost.perLayer
        #expect(accounted == cost)
    }
}
