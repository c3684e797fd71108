// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// The most probable tokens beside the one that was chosen or scored.
@Suite struct AlternativesTests {
    private static let prompt: [UInt32] = (0..<40).map { ($0 * 37 + 11) % 251 }

    private static func sampling(
        _ alternativeCount: Int, _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> SamplingParameters {
        var sampling = SamplingParameters()
        sampling.alternativeCount = UInt32(alternativeCount)
        change(&sampling)
        return sampling
    }

    /// Every kind of change to the logits at once.
    private static let everything = sampling(5) {
        $0.temperature = 0.9
        $0.topK = 50
        $0.seed = 3
        $0.repetitionPenalty = 1.2
        $0.repetitionWindow = 8
        $0.presencePenalty = 0.6
        $0.frequencyPenalty = 0.4
        $0.biases = [TokenBias(token: 5, bias: 2), TokenBias(token: 17, bias: -100)]
    }

    @Test(arguments: GoldenModel.allCases)
    func `alternatives of tight prompts agree with the reference`(_ model: GoldenModel) throws {
        let local = try Setup().load(model)
        for prompt in try model.golden().tight {
            try local.open(slot: 0, sampling: Self.sampling(10))
            defer { local.close(slot: 0) }
            let scored = try local.run(entries(prompt.ids, output: .score(target: 1)))
            for (result, position) in zip(scored, prompt.positions) {
                try #require(result.alternatives.count == 10 && position.top.count == 10)
                for (rank, alternative) in result.alternatives.enumerated() {
                    #expect(abs(alternative.logProbability - position.topLog[rank]) <= 1e-4)
                    let neighbours = [rank - 1, rank + 1].filter(position.top.indices.contains)
                    let margin = neighbours.map { abs(position.topLog[$0] - position.topLog[rank]) }.min()
                    // The tenth's other neighbour is not known.
                    if rank < 9, let margin, margin > 2e-4 {
                        #expect(Int(alternative.token) == position.top[rank])
                    }
                }
            }
        }
    }

    @Test(arguments: GoldenModel.allCases)
    func `alternatives are the first of all log-probabilities in order`(_ model: GoldenModel) throws {
        let local = try Setup().load(model)
        let vectors = try local.logProbabilities(Self.prompt)
        for count in [1, 2, 20] {
            try local.open(slot: 0, sampling: Self.sampling(count))
            let scored = try local.run(entries(Self.prompt, output: .score(target: 9)))
            local.close(slot: 0)
            for (result, vector) in zip(scored, vectors) {
                #expect(result.logProbability == vector[9])
                #expect(
                    result.alternatives.map(\.logProbability) == Array(vector.sorted(by: >).prefix(count)))
                #expect(result.alternatives.allSatisfy { vector[Int($0.token)] == $0.logProbability })
                #expect(Set(result.alternatives.map(\.token)).count == count)
            }
        }
    }

    @Test func `alternatives come without a log-probability too, and none where none is wanted`() throws {
        let local = try Setup().load(.awkward90)
        let results = try local.generate([1, 2, 3], count: 2, sampling: Self.sampling(0))
        #expect(results.map(\.alternatives) == [[], []])
        let silent = Self.sampling(3) { $0.wantsLogProbabilities = false }
        for result in try local.generate([1, 2, 3], count: 4, sampling: silent) {
            #expect(result.logProbability == nil && result.alternatives.count == 3)
            #expect(result.alternatives.first?.token == result.token, "greedy takes the best")
        }
    }

    @Test func `log-probabilities are the model's own whatever changes the choice`() throws {
        let local = try Setup().load(.stories)
        let forced: UInt32 = 585
        let sampling = Self.sampling(4) {
            $0.biases = [TokenBias(token: forced, bias: 100)]
            $0.repetitionPenalty = 1.1
            $0.presencePenalty = 1
            $0.frequencyPenalty = 0.5
            $0.temperature = 1.5
        }
        let prompt: [UInt32] = [2045, 963, 903, 258, 532]
        let results = try local.generate(prompt, count: 6, sampling: sampling)
        #expect(results.map(\.token) == [UInt32](repeating: forced, count: 6))
        let vectors = try local.logProbabilities(prompt + results.dropLast().map(\.token)).suffix(6)
        for (result, vector) in zip(results, vectors) {
            #expect(result.logProbability == vector[Int(forced)])
            #expect(result.alternatives.map(\.logProbability) == Array(vector.sorted(by: >).prefix(4)))
        }
        #expect(results.allSatisfy { ($0.logProbability ?? 0) < -2 }, "the model would not have said so")
    }

    @Test func `a banned token is not written, and the model's opinion of it stays`() throws {
        let local = try Setup().load(.stories)
        let prompt: [UInt32] = [2045, 963, 903, 258, 532]
        let banned = try #require(local.generate(prompt, count: 1).first).token
        let sampling = Self.sampling(1) { $0.biases = [TokenBias(token: banned, bias: -100)] }
        let results = try local.generate(prompt, count: 30, sampling: sampling)
        #expect(!results.map(\.token).contains(banned))
        #expect(results.first?.alternatives.map(\.token) == [banned])
    }

    // MARK: What must not change a bit

    @Test func `instruction sets, threads and company change no bit of what is returned`() throws {
        let expected = try Setup().load(.awkward336).generate(
            Self.prompt, count: 24, sampling: Self.everything)
        #expect(Set(expected.map(\.token)).count > 5)
        let setups =
            KernelChoice.available.map { Setup(kernels: $0) }
            + [Setup(threads: 3), Setup(threads: 2, headType: .fast), Setup(mode: .addOnly)]
        for setup in setups {
            let found = try setup.load(.awkward336).generate(
                Self.prompt, count: 24, sampling: Self.everything)
            #expect(found == expected, "\(setup)")
        }
        let crowd = try Setup(slots: 3, threads: 2).load(.awkward336)
        try crowd.open(slot: 1, sampling: Self.sampling(20), promptTokenCount: 1)
        try crowd.open(slot: 2, sampling: Self.everything, promptTokenCount: 40)
        var last = entries(Self.prompt, slot: 2)
        last[39].output = .sample
        var found: [StepResult] = []
        for round in 0..<24 as Range<UInt32> {
            let other = StepEntry(slot: 1, position: round, token: round, output: .score(target: 7))
            let results = try crowd.run([other] + last)
            #expect(results.first?.alternatives.count == 20)
            var result = try #require(results.last)
            last = entries([result.token], slot: 2, from: Int(result.position) + 1, output: .sample)
            result.slot = 0
            found.append(result)
        }
        // The prompt does not count as generated, which `generate` says too.
        #expect(found == expected)
    }

    @Test func `cuts, chunks and a shared prefix change no bit of what is returned`() throws {
        let expected = try Setup(cuts: [1]).load(.awkward90).generate(
            Self.prompt, count: 24, sampling: Self.everything)
        let local = try Setup(cuts: [1], slots: 2, threads: 2).load(.awkward90)
        for chunk in [1, 7, 40] {
            let found = try local.generate(Self.prompt, count: 24, sampling: Self.everything, chunk: chunk)
            #expect(found == expected)
        }
        for count in [16, 39] as [UInt32] {
            let found = try local.generate(
                Self.prompt, count: 24, slot: 1, sampling: Self.everything,
                prefix: SharedPrefix(slot: 0, tokenCount: count))
            #expect(found.map(\.token) == expected.map(\.token))
            #expect(found.map(\.alternatives) == expected.map(\.alternatives))
        }
    }

    @Test func `a replay under the same prompt length gives the same tokens`() throws {
        let local = try Setup().load(.awkward90)
        let expected = try local.generate(Self.prompt, count: 12, sampling: Self.everything)
        try local.open(slot: 0, sampling: Self.everything, promptTokenCount: 40)
        let tokens = Self.prompt + expected.map(\.token)
        _ = try local.run(entries(tokens[..<30]))
        // The generated tokens come again as if they were a prompt; only what is sampled comes back.
        var again = entries(tokens[30..<51], from: 30)
        again[20].output = .sample
        #expect(try local.run(again) == [expected[11]])
    }

    @Test func `a bias for a token that there is not is refused and opens nothing`() throws {
        let local = try Setup().load(.awkward90)
        let vocabulary = UInt32(local.stages[0].model.vocabularySize)
        let error = #expect(throws: StageError.self) {
            try local.open(
                slot: 0, sampling: Self.sampling(0) { $0.biases = [TokenBias(token: vocabulary, bias: 1)] })
        }
        #expect(error?.code == .tokenOutOfRange)
        #expect(error?.slot == 0)
        try local.open(
            slot: 0, sampling: Self.sampling(0) { $0.biases = [TokenBias(token: vocabulary - 1, bias: 1)] })
    }
}
