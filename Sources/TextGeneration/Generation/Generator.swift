// SPDX-License-Identifier: MIT
package import BitNetCore
import Synchronization

/// Writes text with a pipeline: tokenises, lets the schedule form steps, and turns tokens back into text.
package final class Generator: Sendable {
    /// Directives are carried out under the lock too, so that the pipeline sees them in the order in which
    /// the schedule gave them; nothing there blocks.
    private struct State {
        var schedule: GenerationSchedule
        var meter: PipelineMeter
        var ledger = GenerationLedger()
        var sequences: [UInt64: TextSequence] = [:]
        var nextID: UInt64 = 0
        var failure: GenerationError?

        /// This moment in a generation.
        var mark: GenerationMeter.Mark { GenerationMeter.Mark(time: .now, stages: meter.stages) }

        /// Counts what befalls a sequence, unless the service asks itself.
        mutating func count(_ sequence: TextSequence, _ change: (inout GenerationLedger) -> Void) {
            if !sequence.isProbe { change(&ledger) }
        }
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
            // What the schedule found wrong is why the pipeline was closed.
            if let failure = state.failure { reason = failure }
            let failure = GenerationError(pipelineEnd: reason)
            state.failure = failure
            Self.failAll(failure, &state)
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
            meter: GenerationMeter(promptTokenCount: prompt.count, stages: stages, start: start),
            isProbe: request.isProbe)
        let id = submit(sequence, prompt: prompt) { id in
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

    /// What has been asked for and done so far.
    package var activity: GenerationActivity {
        state.withLock { state in
            GenerationActivity(
                ledger: state.ledger, meter: state.meter, waitingCount: state.schedule.waitingCount,
                runningCount: state.schedule.runningCount, waitingMax: state.schedule.waitingMax)
        }
    }

    /// From now on the meter's transits are those of what follows.
    package func forgetTransits() { state.withLock { $0.meter.forgetTransits() } }

    private static func failAll(_ error: GenerationError, _ state: inout State) {
        for sequence in state.sequences.values {
            state.count(sequence) { $0.fail() }
            sequence.fail(error)
        }
        state.sequences = [:]
    }

    private func submit(
        _ sequence: TextSequence, prompt: [UInt32], _ request: (UInt64) -> SequenceRequest
    ) -> UInt64 {
        state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            if let failure = state.failure {
                sequence.fail(failure)
            } else {
                state.sequences[id] = sequence
                let directives = state.schedule.submit(request(id))
                // Who is refused has not been started: a server can still say so with a status.
                let isRefused = directives.contains { if case .refused(id, _) = $0 { true } else { false } }
                if !isRefused {
                    state.count(sequence) { $0.start(promptTokenCount: prompt.count) }
                    if sequence.isProbe { state.ledger.probe(promptTokenCount: prompt.count) }
                    sequence.continuation.yield(.started(prompt: prompt))
                }
                perform(directives, &state)
            }
            return id
        }
    }

    private func cancel(_ id: UInt64) {
        state.withLock { state in
            guard let sequence = state.sequences.removeValue(forKey: id) else { return }
            state.count(sequence) { $0.cancel() }
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
                guard var sequence = state.sequences[id] else { continue }
                let isStopped = sequence.take(
                    token: token, logProbability: logProbability, alternatives: alternatives, at: now)
                state.count(sequence) {
                    $0.token(after: sequence.lastTokenTime, isFirst: sequence.tokenCount == 1)
                }
                state.sequences[id] = sequence
                guard isStopped else { continue }
                finish(id, .stop, isStopped: true, &state)
                perform(state.schedule.cancel(id), &state)
            case .finished(let id, let reason):
                finish(id, reason, isStopped: false, &state)
            case .shared(let id, let tokenCount):
                state.sequences[id]?.share(tokenCount: tokenCount)
            case .refused(let id, let refusal):
                guard let sequence = state.sequences.removeValue(forKey: id) else { continue }
                if refusal.code == .overloaded { state.count(sequence) { $0.refuse() } }
                sequence.fail(GenerationError(refusal))
            case .violation(let message):
                let failure = GenerationError(.failed, message)
                state.failure = failure
                Self.failAll(failure, &state)
                // Nothing that comes from it can be trusted any more: who serves wants another one.
                Task { [pipeline] in await pipeline.close() }
            }
        }
    }

    private func finish(_ id: UInt64, _ reason: FinishReason, isStopped: Bool, _ state: inout State) {
        guard var sequence = state.sequences.removeValue(forKey: id) else { return }
        state.count(sequence) { $0.finish(reason) }
        sequence.finish(reason, isStopped: isStopped, at: state.mark)
    }
}
