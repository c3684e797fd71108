// SPDX-License-Identifier: MIT
package import BitNetCore
package import ClusterLogic
import Synchronization

/// Writes text with a pipeline: tokenises, lets the schedule form steps, and turns tokens back into text.
package final class Generator: Sendable {
    /// Directives are carried out under the lock too, so that the pipeline sees them in the order in which
    /// the schedule gave them; nothing there blocks.
    private struct State {
        var schedule: GenerationSchedule
        var meter: PipelineMeter
        var sequences: [UInt64: TextSequence] = [:]
        var nextID: UInt64 = 0
        var failure: (any Error)?

        /// This moment in a generation.
        var mark: GenerationMeter.Mark { GenerationMeter.Mark(time: .now, stages: meter.stages) }
    }

    private let pipeline: any StepPipeline
    package let codec: TextCodec
    private let stages: [StageStatistics]
    private let state: Mutex<State>

    /// `stages` has name and layers of each stage, in order, with empty figures.
    package init(
        pipeline: any StepPipeline, codec: TextCodec, schedule: GenerationSchedule,
        stages: [StageStatistics]
    ) {
        self.pipeline = pipeline
        self.codec = codec
        self.stages = stages
        state = Mutex(State(schedule: schedule, meter: PipelineMeter(stageCount: stages.count)))
    }

    /// Runs the pipeline while `body` uses this generator, and ends `body` when the pipeline fails.
    ///
    /// - Throws: why the pipeline failed, or what `body` throws.
    package func serve(_ body: @escaping @Sendable (Generator) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.run() }
            group.addTask { try await body(self) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Takes outcomes until the pipeline ends; every generation then fails with the reason.
    private func run() async throws {
        var reason: any Error = GenerationError.pipelineClosed
        do {
            try await pipeline.run { [self] outcome in
                state.withLock { take(outcome, &$0) }
            }
        } catch {
            reason = error
        }
        state.withLock { state in
            state.failure = reason
            for sequence in state.sequences.values { sequence.fail(reason) }
            state.sequences = [:]
        }
        // A cancelled task sees the stream end as if the pipeline had been closed.
        try Task.checkCancellation()
        throw reason
    }

    package func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let start = state.withLock(\.mark)
        let (events, continuation) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
        let prompt: [UInt32]
        do throws(GenerationError) {
            if let reason = request.invalidity { throw GenerationError(.invalid, reason) }
            prompt = try codec.tokens(of: request.prompt)
        } catch {
            continuation.finish(throwing: error)
            return events
        }
        let ending = codec.ending(of: request)
        let sequence = TextSequence(
            continuation: continuation, detokenizer: codec.detokenizer(), stopTexts: ending.texts,
            meter: GenerationMeter(promptTokenCount: prompt.count, stages: stages, start: start))
        continuation.yield(.started(prompt: prompt))
        let id = submit(sequence) { id in
            SequenceRequest(
                id: id, prompt: prompt, tokenCountMax: request.tokenCountMax, sampling: request.sampling,
                stopTokens: ending.tokens, scores: request.scoresPrompt, requestID: request.id)
        }
        continuation.onTermination = { [weak self] reason in
            guard case .cancelled = reason else { return }
            // Not here: the runtime holds the consumer's task, and whoever holds the state may be about to
            // resume that task with a token.
            Task { self?.cancel(id) }
        }
        return events
    }

    /// The log-probability of every token of `tokens` after the first, given those before it.
    ///
    /// - Throws: ``GenerationError``, or why the pipeline failed.
    package func score(_ tokens: [UInt32]) async throws -> [Float] {
        let request = GenerationRequest(prompt: .tokens(tokens), tokenCountMax: 0, scoresPrompt: true)
        var logProbabilities: [Float] = []
        for try await case .promptScored(let scores) in generate(request) {
            logProbabilities = scores.map(\.logProbability)
        }
        try Task.checkCancellation()
        return logProbabilities
    }

    /// What the stages have done so far, and what is under way.
    package var meter: PipelineMeter { state.withLock(\.meter) }

    /// From now on the meter's transits are those of what follows.
    package func forgetTransits() { state.withLock { $0.meter.forgetTransits() } }

    private func submit(_ sequence: TextSequence, _ request: (UInt64) -> SequenceRequest) -> UInt64 {
        state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            if let failure = state.failure {
                sequence.fail(failure)
            } else {
                state.sequences[id] = sequence
                perform(state.schedule.submit(request(id)), &state)
            }
            return id
        }
    }

    private func cancel(_ id: UInt64) {
        state.withLock { state in
            guard state.sequences.removeValue(forKey: id) != nil else { return }
            perform(state.schedule.cancel(id), &state)
        }
    }

    private func take(_ outcome: StepOutcome, _ state: inout State) {
        state.meter.receive(outcome, at: .now)
        perform(state.schedule.received(outcome), &state)
    }

    private func perform(_ directives: [GenerationSchedule.Directive], _ state: inout State) {
        for directive in directives {
            switch directive {
            case .send(let item):
                if case .step(let step) = item { state.meter.send(step, at: .now) }
                pipeline.send(item)
            case .scored(let id, let scores):
                state.sequences[id]?.take(scores: scores)
            case .token(let id, let token, let logProbability, let alternatives):
                let now = state.mark
                let isStopped = state.sequences[id]?.take(
                    token: token, logProbability: logProbability, alternatives: alternatives, at: now)
                guard isStopped == true, var sequence = state.sequences.removeValue(forKey: id) else {
                    continue
                }
                sequence.finish(.stop, isStopped: true, at: now)
                perform(state.schedule.cancel(id), &state)
            case .finished(let id, let reason):
                guard var sequence = state.sequences.removeValue(forKey: id) else { continue }
                sequence.finish(reason, isStopped: false, at: state.mark)
            case .shared(let id, let tokenCount):
                state.sequences[id]?.share(tokenCount: tokenCount)
            case .refused(let id, let refusal):
                state.sequences.removeValue(forKey: id)?.fail(GenerationError(refusal))
            case .violation(let message):
                state.failure = GenerationError(.failed, message)
                for sequence in state.sequences.values { sequence.fail(GenerationError(.failed, message)) }
                state.sequences = [:]
            }
        }
    }
}
