// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// What the numpy reference chooses under biases and penalties (see Tests/Checks/Reference/sampling.py).
private struct SamplingGolden: GoldenValues {
    struct Case: Decodable {
        let prompt: [UInt32]
        /// Pairs of token and bias.
        let biases: [[Float]]
        let repetition: Float
        let window: UInt32
        let presence: Float
        let frequency: Float
        let ids: [UInt32]
        /// How far each choice is ahead of the second best.
        let margin: [Float]
        /// Of the chosen tokens, as the model itself has them.
        let log: [Float]
        let top: [[UInt32]]
        let topLog: [[Float]]

        private enum CodingKeys: String, CodingKey {
            case prompt, biases, repetition, window, presence, frequency, ids, margin, log, top
            case topLog = "top_log"
        }

        var sampling: SamplingParameters {
            var sampling = SamplingParameters()
            sampling.biases = biases.map { TokenBias(token: UInt32($0[0]), bias: $0[1]) }
            sampling.repetitionPenalty = repetition
            sampling.repetitionWindow = window
            sampling.presencePenalty = presence
            sampling.frequencyPenalty = frequency
            sampling.alternativeCount = 5
            return sampling
        }
    }

    let sha256: String?
    let cases: [Case]
}

@Suite struct SamplingGoldenTests {
    /// Every place of a case is put to the engine with the reference's own tokens before it, so that one near
    /// tie does not end the comparison.
    @Test func `choices under biases and penalties are the reference's wherever they are clear`() throws {
        let golden = try GoldenModel.stories.golden(SamplingGolden.self, in: "sampling")
        try #require(golden.cases.count == 7)
        let local = try Setup().load(.stories)
        for golden in golden.cases {
            try local.open(
                slot: 0, sampling: golden.sampling, promptTokenCount: UInt32(golden.prompt.count))
            defer { local.close(slot: 0) }
            let first = entries(golden.prompt.dropLast())
            let places = entries(
                golden.prompt.suffix(1) + golden.ids.dropLast(), from: golden.prompt.count - 1,
                output: .sample)
            _ = try local.run(first)
            let results = try local.run(places)
            try #require(results.count == golden.ids.count)
            // An int8 code that a last bit flips moves a logit by a few hundredths.
            let clear = golden.ids.indices.filter { golden.margin[$0] > 0.2 }
            #expect(clear.count >= 40)
            #expect(clear.map { results[$0].token } == clear.map { golden.ids[$0] }, "\(golden.sampling)")
            let sure = clear.filter { results[$0].token == golden.ids[$0] }
            let differences = sure.map { abs((results[$0].logProbability ?? 0) - golden.log[$0]) }
            #expect(differences.mean < 0.03, "\(golden.sampling)")
            try checkAlternatives(results, golden)
        }
    }

    private func checkAlternatives(_ results: [StepResult], _ golden: SamplingGolden.Case) throws {
        var differences: [Float] = []
        for (index, result) in results.enumerated() {
            try #require(result.alternatives.count == 5)
            differences += zip(result.alternatives, golden.topLog[index]).map {
                abs($0.logProbability - $1)
            }
            if golden.topLog[index][0] - golden.topLog[index][1] > 0.2 {
                #expect(result.alternatives[0].token == golden.top[index][0])
            }
        }
        #expect(differences.mean < 0.05, "\(golden.sampling)")
    }
}
