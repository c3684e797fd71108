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
        let differences = try Setup().load(model).tightDifferences(from: model.golden())
        for prompt in differences {
            #expect(try #require(prompt.positions.max()) <= 1e-4, "\(prompt.ids)")
        }
    }

    /// Two correct engines differ here: a last-bit difference that flips an int8 code is amplified.
    @Test(arguments: GoldenModel.allCases)
    func `a long text agrees with the reference on average`(_ model: GoldenModel) throws {
        let differences = try Setup().load(model).longDifferences(from: model.golden())
        #expect(differences.mean <= 0.02)
        #expect(try #require(differences.max()) <= 0.4)
    }

    @Test(arguments: GoldenModel.allCases)
    func `greedy tokens are the reference's up to the first near tie`(_ model: GoldenModel) throws {
        try Setup().load(model).expectGreedy(of: model.golden())
    }
}
