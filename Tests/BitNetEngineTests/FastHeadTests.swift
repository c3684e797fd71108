// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

/// The fast head writes what the exact one writes.
@Suite struct FastHeadTests {
    private static func sampling(
        temperature: Float = 0, topK: UInt32 = 0, topP: Float = 1, minP: Float = 0, penalty: Float = 1,
        wantsLogProbabilities: Bool = false, _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> SamplingParameters {
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        sampling.topK = topK
        sampling.topP = topP
        sampling.minP = minP
        sampling.repetitionPenalty = penalty
        sampling.seed = 11
        sampling.wantsLogProbabilities = wantsLogProbabilities
        change(&sampling)
        return sampling
    }

    /// Some that the fast head serves and some that need every logit.
    private static let parameters = [
        sampling(), sampling(temperature: 0.8, topK: 40), sampling(temperature: 1.5, topK: 1024),
        sampling(temperature: 1, topK: 7, topP: 0.9, minP: 0.05), sampling(temperature: 2, topK: 1),
        sampling(temperature: 0.8), sampling(temperature: 0.8, topP: 0.9), sampling(penalty: 1.3),
        sampling(temperature: 1, topK: 2000), sampling(wantsLogProbabilities: true),
        sampling(temperature: 0.8, topK: 40, wantsLogProbabilities: true),
        sampling { $0.presencePenalty = 1.5 }, sampling { $0.frequencyPenalty = -0.5 },
        sampling { $0.biases = [TokenBias(token: 7, bias: 4)] }, sampling { $0.alternativeCount = 3 },
        sampling(temperature: 0.8, topK: 40) { $0.alternativeCount = 1 },
    ]

    private func results(
        _ model: GoldenModel, _ sampling: SamplingParameters, _ head: HeadType,
        _ kernels: KernelChoice = .auto, cuts: [Int] = []
    ) throws -> [StepResult] {
        try Setup(cuts: cuts, threads: 2, kernels: kernels, headType: head).load(model)
            .generate([3, 17, 42, 5], count: 60, sampling: sampling)
    }

    @Test(arguments: GoldenModel.allCases)
    func `both heads choose the same tokens with every kind of parameters`(_ model: GoldenModel) throws {
        for sampling in Self.parameters {
            let exact = try results(model, sampling, .exact)
            #expect(try results(model, sampling, .fast) == exact, "\(sampling)")
            #expect(exact.count == 60)
            let isThere = exact.map { $0.logProbability != nil }
            #expect(isThere == Array(repeating: sampling.wantsLogProbabilities, count: 60))
        }
    }

    @Test func `both heads choose the same tokens on every instruction set and with cuts`() throws {
        for sampling in Self.parameters.prefix(2) {
            for cuts in [[], [1]] {
                let exact = try results(.awkward90, sampling, .exact, cuts: cuts)
                for kernels in KernelChoice.available {
                    #expect(try results(.awkward90, sampling, .fast, kernels, cuts: cuts) == exact)
                }
            }
        }
    }

    @Test func `entries of one step may need different heads`() throws {
        let prompt: [UInt32] = [9, 1, 30, 77]
        let alone = try Self.parameters.map { try results(.awkward90, $0, .exact) }
        let count = Self.parameters.count
        let local = try Setup(slots: count, threads: 2, headType: .fast).load(.awkward90)
        var next: [[StepEntry]] = []
        for (slot, sampling) in Self.parameters.enumerated() {
            try local.open(slot: UInt32(slot), sampling: sampling, promptTokenCount: 4)
            next.append(entries([3, 17, 42, 5], slot: UInt32(slot)))
            next[slot][3].output = .sample
        }
        for round in 0..<20 {
            for var result in try local.run(next.flatMap { $0 }) {
                let slot = Int(result.slot)
                next[slot] = entries(
                    [result.token], slot: result.slot, from: Int(result.position) + 1, output: .sample)
                result.slot = 0
                #expect(result == alone[slot][round])
            }
        }
        // Scores are there whatever the parameters.
        try local.open(slot: 0, afterClosing: true, sampling: Self.sampling())
        let scores = try local.run(entries(prompt, output: .score(target: 4)))
        #expect(scores.allSatisfy { $0.token == 4 && $0.logProbability?.isFinite == true })
    }

    @Test func `a sampler that sees the largest logits only draws as one that sees all`() {
        var random = TestRandom(8)
        for round in 0..<300 {
            // Steps of a quarter make ties frequent.
            let all = (0..<500).map { _ in (Float.random(in: -8...8, using: &random) * 4).rounded() / 4 }
            for sampling in Self.parameters {
                guard let count = sampling.candidateCount, count <= 500 else { continue }
                let threshold = all.sorted(by: >)[Int(count) - 1]
                let largest = all.map { $0 >= threshold ? $0 : -.infinity }
                let tokens = [all, largest].map { logits in
                    var logits = logits
                    return logits.withUnsafeMutableBufferPointer {
                        Sampler.choose(
                            logits: $0, parameters: sampling,
                            history: UnsafeBufferPointer(start: nil, count: 0), position: UInt32(round))
                    }
                }
                #expect(tokens[0] == tokens[1])
                if sampling.temperature == 0 {
                    #expect(Int(tokens[0]) == all.firstIndex(of: all.max() ?? 0))
                }
            }
        }
    }

    @Test func `only what the largest logits decide is left to them`() {
        let counts = Self.parameters.map(\.candidateCount)
        #expect(counts == [1, 40, 1024, 7, 1, nil, nil, nil, 2000] + Array(repeating: nil, count: 7))
    }
}

extension LocalModel {
    fileprivate func open(slot: UInt32, afterClosing: Bool, sampling: SamplingParameters) throws {
        if afterClosing { close(slot: slot) }
        try open(slot: slot, sampling: sampling)
    }
}
