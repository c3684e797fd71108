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
    func decode(concurrency: Int, tokenCount: Int, round: Int) async throws -> DecodeFigures {
        let requests = (0..<concurrency).map {
            request(round << 16 + $0, prompt: 1, tokenCountMax: tokenCount)
        }
        return try await decode(requests).figures
    }

    /// What one sequence generated.
    struct Decoded: Equatable, Sendable {
        var tokens: [UInt32] = []
        var acceptedDraftCount = 0
        var rejectedDraftCount = 0
    }

    /// Has the sequences generate as many tokens as they ask for, all of them the same number.
    ///
    /// What counts is the time in which all of them are generating.
    func decode(
        _ requests: [GenerationRequest]
    ) async throws -> (figures: DecodeFigures, sequences: [Decoded]) {
        let progress = DecodeProgress()
        let generator = generator
        generator.forgetTransits()
        let sequences = try await withThrowingTaskGroup(of: (Int, Decoded).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask {
                    var decoded = Decoded()
                    for try await event in generator.generate(request) {
                        switch event {
                        case .token(let token):
                            decoded.tokens.append(token.id)
                            progress.take(
                                isFirst: decoded.tokens.count == 1,
                                isLast: decoded.tokens.count == request.tokenCountMax, of: requests.count,
                                generator.meter)
                        case .finished(_, let statistics):
                            decoded.acceptedDraftCount = statistics.acceptedDraftCount
                            decoded.rejectedDraftCount = statistics.rejectedDraftCount
                        default: continue
                        }
                    }
                    return (index, decoded)
                }
            }
            return try await group.reduce(into: [Int: Decoded]()) { $0[$1.0] = $1.1 }
        }
        guard let (first, last) = progress.marks else {
            throw PipelineBenchError(
                message: "some sequences ended before others began: generate more tokens than "
                    + "\(requests.first?.tokenCountMax ?? 0)")
        }
        let figures = DecodeFigures(concurrency: requests.count, first: first, last: last)
        return (figures, requests.indices.compactMap { sequences[$0] })
    }

    /// Random tokens; greedy, stop tokens end nothing, and nothing is drafted.
    func request(_ seed: Int, prompt: Int, tokenCountMax: Int) -> GenerationRequest {
        let tokens = (0..<prompt).map { index in
            UInt32(
                clamping: CounterRandom.uniform(
                    seed: UInt64(clamping: seed), counter: UInt64(clamping: index)) * Double(vocabularySize))
        }
        var sampling = SamplingParameters()
        sampling.wantsLogProbabilities = false
        var request = GenerationRequest(
            prompt: .tokens(tokens), tokenCountMax: tokenCountMax, sampling: sampling, ignoresStopTokens: true
        )
        // What a model of random weights repeats says nothing of how fast it is.
        request.mayBeDrafted = false
        return request
    }
}
