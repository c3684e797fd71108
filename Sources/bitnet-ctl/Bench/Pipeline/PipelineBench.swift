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
            UInt32(CounterRandom.uniform(seed: UInt64(seed), counter: UInt64(index)) * Double(vocabularySize))
        }
        var sampling = SamplingParameters()
        sampling.wantsLogProbabilities = false
        return GenerationRequest(
            prompt: .tokens(tokens), tokenCountMax: tokenCountMax, sampling: sampling, ignoresStopTokens: true
        )
    }
}

/// Notes when all sequences are generating, and when the first one ends.
private final class DecodeProgress: Sendable {
    private struct State {
        var startedCount = 0
        var tokenCount = 0
        var first: DecodeFigures.Mark?
        var last: DecodeFigures.Mark?
    }

    private let state = Mutex(State())

    /// A token has come: the first or last of its sequence, one of `concurrency` of them.
    func take(isFirst: Bool, isLast: Bool, of concurrency: Int, _ meter: @autoclosure () -> PipelineMeter) {
        state.withLock { state in
            state.tokenCount += 1
            if isFirst { state.startedCount += 1 }
            if isFirst, state.startedCount == concurrency {
                state.first = DecodeFigures.Mark(time: .now, tokenCount: state.tokenCount, meter: meter())
            } else if isLast, state.last == nil {
                state.last = DecodeFigures.Mark(time: .now, tokenCount: state.tokenCount, meter: meter())
            }
        }
    }

    var marks: (first: DecodeFigures.Mark, last: DecodeFigures.Mark)? {
        state.withLock { state in
            guard let first = state.first, let last = state.last, first.time < last.time else { return nil }
            return (first, last)
        }
    }
}

/// What many sequences did in the time in which all of them were generating.
struct DecodeFigures: Sendable {
    struct Mark: Sendable {
        let time: ContinuousClock.Instant
        let tokenCount: Int
        let meter: PipelineMeter
    }

    let concurrency: Int
    let tokensPerSecond: Double
    /// What every stage did meanwhile.
    let stages: [StageCounters]
    let stepCount: UInt64
    /// Tokens of an average step.
    let tokensPerStep: Double
    /// Time that a step is under way without being computed, for each of the ways between coordinator and stages:
    /// the median, microseconds.
    ///
    /// With one sequence the cost of a hop; with more, waiting in queues is part of it.
    let hopMicros: Double

    init(concurrency: Int, first: Mark, last: Mark) {
        self.concurrency = concurrency
        tokensPerSecond =
            Double(last.tokenCount - first.tokenCount) / first.time.duration(to: last.time).seconds
        stages = zip(last.meter.stages, first.meter.stages).map { $0 - $1 }
        stepCount = last.meter.stepCount - first.meter.stepCount
        tokensPerStep =
            Double(last.meter.entryCount - first.meter.entryCount) / Double(max(stepCount, 1))
        let transits = last.meter.transitMicros.map { Double($0) }.sorted()
        let median = transits.isEmpty ? 0 : transits[transits.count / 2]
        hopMicros = median / Double(stages.count + 1)
    }
}

struct PipelineBenchError: RemediableError {
    let message: String
}
