// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import Synchronization
import TextGeneration

/// Measures a pipeline that runs, as its users would see it: through the schedule, token by token.
struct PipelineBench {
    let generator: Generator
    let vocabularySize: Int

    /// Reads a prompt of `tokenCount` tokens and chooses the token after it.
    ///
    /// - Parameter round: other tokens for every round, so that nothing is taken over from the one before.
    /// - Returns: tokens of the prompt a second.
    func prefill(tokenCount: Int, round: Int) async throws -> Double {
        let start = ContinuousClock.now
        for try await event in generator.generate(request(round, prompt: tokenCount, tokenCountMax: 1)) {
            guard case .token = event else { continue }
            return Double(tokenCount) / start.duration(to: .now).seconds
        }
        throw PipelineBenchError(message: "the pipeline returned no token")
    }

    /// Has `concurrency` sequences generate `tokenCount` tokens each.
    ///
    /// What counts is the time in which all of them are generating.
    func decode(concurrency: Int, tokenCount: Int, round: Int) async throws -> DecodeFigures {
        let progress = DecodeProgress()
        let generator = generator
        generator.forgetTransits()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<concurrency {
                let request = request(round << 16 + index, prompt: 1, tokenCountMax: tokenCount)
                group.addTask {
                    var count = 0
                    for try await event in generator.generate(request) {
                        guard case .token = event else { continue }
                        count += 1
                        progress.take(
                            isFirst: count == 1, isLast: count == tokenCount, of: concurrency,
                            generator.meter)
                    }
                }
            }
            try await group.waitForAll()
        }
        guard let (first, last) = progress.marks else {
            throw PipelineBenchError(
                message: "some sequences ended before others began: generate more tokens than \(tokenCount)")
        }
        return DecodeFigures(concurrency: concurrency, first: first, last: last)
    }

    /// Random tokens; greedy, and stop tokens end nothing.
    func request(_ seed: Int, prompt: Int, tokenCountMax: Int) -> GenerationRequest {
        let tokens = (0..<prompt).map { index in
            UInt32(
                clamping: CounterRandom.uniform(
                    seed: UInt64(clamping: seed), counter: UInt64(clamping: index)) * Double(vocabularySize))
        }
        var sampling = SamplingParameters()
        sampling.wantsLogProbabilities = false
        return GenerationRequest(
            prompt: .tokens(tokens), tokenCountMax: tokenCountMax, sampling: sampling, ignoresStopTokens: true
        )
    }
}
