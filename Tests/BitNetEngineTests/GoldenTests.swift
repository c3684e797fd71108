// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Testing

@Suite struct GoldenTests {
    @Test func `a model file loads as a whole`() throws {
        let local = try LocalModel(
            file: GoldenModel.awkward90.file(), cuts: [1], cache: CacheShape(slots: 1, context: 16),
            pool: ComputePool(threadCount: 1), kernels: Kernels())
        #expect(local.stages.map(\.layers.description) == ["0-0", "1-2"])
    }

    @Test(arguments: [[0], [3], [2, 1], [1, 1], [-1], [1, 9]])
    func `cuts that are not ascending layers are refused`(_ cuts: [Int]) {
        #expect(throws: LayerCutError.self) { try Setup(cuts: cuts).load(.awkward90) }
    }

    /// No activation of these prompts comes near a rounding tie, so that float32 reproduces the reference
    /// to about 1e-5; any mistake in the arithmetic is a hundred times larger.
    @Test(arguments: GoldenModel.allCases)
    func `tight prompts agree with the reference to 1e-4`(_ model: GoldenModel) throws {
        let golden = try model.golden()
        let local = try Setup().load(model)
        try #require(golden.tight.count >= 5)
        for prompt in golden.tight {
            let vectors = try local.logProbabilities(prompt.ids)
            try #require(vectors.count == prompt.positions.count)
            let differences = zip(vectors, prompt.positions).flatMap { vector, position in
                zip(position.top + golden.fixed, position.topLog + position.fixedLog).map { token, expected in
                    abs(vector[token] - expected)
                }
            }
            #expect(try #require(differences.max()) <= 1e-4, "\(prompt.ids)")
        }
    }

    /// Two correct engines differ here: a last-bit difference that flips an int8 code is amplified.
    @Test(arguments: GoldenModel.allCases)
    func `a long text agrees with the reference on average`(_ model: GoldenModel) throws {
        let golden = try model.golden()
        let local = try Setup().load(model)
        let ids = golden.long.ids
        try local.open(slot: 0)
        var differences: [Float] = []
        for start in stride(from: 0, to: ids.count - 1, by: 64) {
            let step = (start..<min(start + 64, ids.count - 1)).map { position in
                StepEntry(
                    slot: 0, position: UInt32(position), token: ids[position],
                    output: .score(target: ids[position + 1]))
            }
            for result in try local.run(step) {
                let logProbability = try #require(result.logProbability)
                differences.append(abs(logProbability - golden.long.nextLog[Int(result.position)]))
            }
        }
        #expect(differences.count == golden.long.nextLog.count)
        #expect(differences.reduce(0, +) / Float(differences.count) <= 0.02)
        #expect(try #require(differences.max()) <= 0.4)
    }

    @Test(arguments: GoldenModel.allCases)
    func `greedy tokens are the reference's up to the first near tie`(_ model: GoldenModel) throws {
        let local = try Setup().load(model)
        for golden in try model.golden().greedy {
            let sure = golden.margin.firstIndex { $0 < 0.05 } ?? golden.ids.count
            let tokens = try local.generate(golden.prompt, count: max(sure, 1)).map(\.token)
            #expect(Array(tokens.prefix(sure)) == Array(golden.ids.prefix(sure)))
        }
    }
}
