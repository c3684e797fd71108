// SPDX-License-Identifier: MIT
package import BitNetCore
import Synchronization

/// Writes text with a pipeline: tokenises, lets the schedule form steps, and turns tokens back into text.
///
/// When its pipeline is lost, a generator that keeps sequences goes on with the next one where they stood.
package final class Generator: Sendable {
    /// Stages that compute, and how to use them.
    package struct Pipeline: Sendable {
        let steps: any StepPipeline
        /// Without sequences.
        let schedule: GenerationSchedule
        let stages: [StageStatistics]

        /// - Parameter stages: name and layers of each stage, in order, with empty figures.
        package init(_ steps: any StepPipeline, schedule: GenerationSchedule, stages: [StageStatistics]) {
            self.steps = steps
            self.schedule = schedule
            self.stages = stages
        }
    }

    /// Directives are carried out under the lock too, so that the pipeline sees them in the order in which
    /// the schedule gave them; nothing there blocks.
    struct State {
        /// While there are stages.
        var pipeline: (any StepPipeline)?
        /// Once there were any.
        var schedule: GenerationSchedule?
        var stages: [StageStatistics] = []
        var meter = PipelineMeter(stageCount: 0)
        var ledger = GenerationLedger()
        var sequences: [UInt64: TextSequence] = [:]
        var nextID: UInt64 = 0
        /// Why nothing is generated any more.
        var failure: GenerationError?
        /// What the schedule found wrong, which is why the pipeline was closed.
        var violation: GenerationError?

        /// This moment in a generation.
        var mark: GenerationMeter.Mark { GenerationMeter.Mark(time: .now, stages: meter.stages) }

        /// Counts what befalls a sequence, unless the service asks itself.
        mutating func count(_ sequence: TextSequence, _ change: (inout GenerationLedger) -> Void) {
            if !sequence.isProbe { change(&ledger) }
        }
    }

    package let codec: TextCodec
    private let keepsSequences: Bool
    private let eventsWaitingMax: Int
    let state = Mutex(State())

    /// - Parameters:
    ///   - keepsSequences: whether sequences wait for the next pipeline when one is lost, or fail.
    ///   - eventsWaitingMax: how far the reader of a generation may be behind it.
    package init(
        codec: TextCodec, keepsSequences: Bool = false, eventsWaitingMax: Int = Limits.eventsWaitingMax
    ) {
        self.codec = codec
        self.keepsSequences = keepsSequences
        self.eventsWaitingMax = eventsWaitingMax
    }

    // MARK: A pipeline's life

    /// Runs `pipeline` while `body` uses this generator, and ends `body` when the pipeline fails.
    ///
    /// One pipeline at a time.
    ///
    /// - Throws: why the pipeline failed, or what `body` throws.
    package func serve(
        _ pipeline: Pipeline, _ body: @escaping @Sendable (Generator) async throws -> Void
    ) async throws {
        begin(pipeline)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.run(pipeline.steps) }
            group.addTask { try await body(self) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func begin(_ pipeline: Pipeline) {
        state.withLock { state in
            var schedule = pipeline.schedule
            let directives = state.schedule.map { schedule.takeOver($0) } ?? []
            state.pipeline = pipeline.steps
            state.schedule = schedule
            state.stages = pipeline.stages
            state.meter = PipelineMeter(stageCount: pipeline.stages.count)
            state.violation = nil
            let mark = state.mark
            state.sequences = state.sequences.mapValues { sequence in
                var sequence = sequence
                sequence.move(to: pipeline.stages, at: mark)
                return sequence
            }
            perform(directives, &state)
        }
    }

    /// Takes outcomes until the pipeline ends.
    private func run(_ pipeline: any StepPipeline) async throws {
        var reason: any Error = GenerationError.pipelineClosed
        do {
            try await pipeline.run { [self] outcome in
                state.withLock { take(outcome, &$0) }
            }
        } catch {
            reason = error
        }
        state.withLock { state in
            reason = state.violation ?? reason
            state.pipeline = nil
            if keepsSequences { pause(&state) } else { fail(GenerationError(pipelineEnd: reason), &state) }
        }
        // A cancelled task sees the stream end as if the pipeline had been closed.
        try Task.checkCancellation()
        throw reason
    }

    private func pause(_ state: inout State) {
        perform(state.schedule?.interrupt() ?? [], &state)
        for (id, sequence) in state.sequences {
            guard sequence.isProbe else {
                sequence.pause()
                continue
            }
            // It asks whether these very stages work.
            state.sequences[id] = nil
            sequence.fail(GenerationError.pipelineClosed)
            _ = state.schedule?.cancel(id)
        }
    }

    /// Ends every generation; if there is no pipeline for good, later ones as well.
    private func fail(_ error: GenerationError, _ state: inout State) {
        state.failure = error
        failAll(error, &state)
    }

    private func failAll(_ error: GenerationError, _ state: inout State) {
        for (id, sequence) in state.sequences {
            state.count(sequence) { $0.fail() }
            sequence.fail(error)
            _ = state.schedule?.cancel(id)
        }
        state.sequences = [:]
    }

    /// Ends the generations that wait for a pipeline.
    package func giveUp(_ error: GenerationError) {
        state.withLock { state in
            if state.pipeline == nil { failAll(error, &state) }
        }
    }

    /// Tells all generations that wait for a pipeline that they do.
    package func tellPause() {
        state.withLock { state in
            guard state.pipeline == nil else { return }
            for sequence in state.sequences.values { sequence.pause() }
        }
    }

    // MARK: Generating

    package func generate(_ request: GenerationRequest) -> GenerationEvents {
        generate([request]).first ?? GenerationEvents(failing: GenerationError.pipelineClosed)
    }

    /// Begins all of them or, if one is refused, none, which all of them say.
    package func generate(_ requests: [GenerationRequest]) -> [GenerationEvents] {
        let start = ContinuousClock.now
        let prompts: [[UInt32]]
        do throws(GenerationError) {
            prompts = try tokens(of: requests)
        } catch {
            return requests.map { _ in GenerationEvents(failing: error) }
        }
        let beginnings = zip(requests, prompts).map {
            Beginning($0, prompt: $1, codec, eventsWaitingMax, start)
        }
        let firstID = submit(beginnings)
        for (index, beginning) in beginnings.enumerated() {
            let id = firstID + UInt64(clamping: index)
            beginning.source.onTermination = { [weak self] reason in
                if case .finished(nil) = reason { return }
                // Not here: the runtime holds the consumer's task, and whoever holds the state may be about to
                // resume that task with a token.
                Task { self?.cancel(id) }
            }
        }
        return beginnings.map(\.events)
    }

    /// Every prompt as tokens; one that comes again and again is made into them once.
    private func tokens(of requests: [GenerationRequest]) throws(GenerationError) -> [[UInt32]] {
        var prompts: [[UInt32]] = []
        for (index, request) in requests.enumerated() {
            if let reason = request.invalidity { throw GenerationError(.invalid, reason) }
            if index > 0, requests[index - 1].prompt == request.prompt, let last = prompts.last {
                prompts.append(last)
            } else {
                prompts.append(try codec.tokens(of: request.prompt))
            }
        }
        return prompts
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

    /// - Returns: the id of the first; those of the others follow it.
    private func submit(_ beginnings: [Beginning]) -> UInt64 {
        state.withLock { state in
            let firstID = state.nextID
            state.nextID += UInt64(beginnings.count)
            func fail(_ error: GenerationError) {
                for beginning in beginnings { beginning.sequence.fail(error) }
            }
            if let failure = state.failure {
                fail(failure)
                return firstID
            }
            let requests = beginnings.enumerated().map { $1.request(id: firstID + UInt64(clamping: $0)) }
            guard let directives = state.schedule?.submit(requests) else {
                fail(GenerationError(.unavailable, "there are no stages yet"))
                return firstID
            }
            // Who is refused has not been started: a server can still say so with a status.
            let isRefused = directives.contains { if case .refused(firstID, _) = $0 { true } else { false } }
            for (index, beginning) in beginnings.enumerated() {
                var sequence = beginning.sequence
                sequence.move(to: state.stages, at: state.mark)
                state.sequences[firstID + UInt64(clamping: index)] = sequence
                guard !isRefused else { continue }
                state.count(sequence) { $0.start(promptTokenCount: beginning.prompt.count) }
                if sequence.isProbe { state.meter.probe(tokenCount: beginning.prompt.count) }
                sequence.begin(prompt: beginning.prompt)
            }
            perform(directives, &state)
            return firstID
        }
    }

    private func cancel(_ id: UInt64) {
        state.withLock { state in
            guard let sequence = state.sequences.removeValue(forKey: id) else { return }
            state.count(sequence) { $0.cancel() }
            perform(state.schedule?.cancel(id) ?? [], &state)
        }
    }
}

// MARK: - What it has done

extension Generator {
    /// What the present stages have done so far, and what is under way.
    package var meter: PipelineMeter { state.withLock(\.meter) }

    /// What has been asked for and done so far.
    package var activity: GenerationActivity {
        state.withLock { state in
            GenerationActivity(
                ledger: state.ledger, meter: state.meter, waitingCount: state.schedule?.waitingCount ?? 0,
                runningCount: state.schedule?.runningCount ?? 0, waitingMax: state.schedule?.waitingMax ?? 0)
        }
    }

    /// From now on the meter's transits are those of what follows.
    package func forgetTransits() { state.withLock { $0.meter.forgetTransits() } }
}

/// A generation before it is known whether it is taken.
private struct Beginning {
    let events: GenerationEvents
    let source: GenerationEvents.Source
    let prompt: [UInt32]
    let sequence: TextSequence
    private let wish: GenerationRequest
    private let stopTokens: Set<UInt32>

    init(
        _ wish: GenerationRequest, prompt: [UInt32], _ codec: TextCodec, _ eventsWaitingMax: Int,
        _ start: ContinuousClock.Instant
    ) {
        self.wish = wish
        self.prompt = prompt
        (events, source) = GenerationEvents.make(waitingMax: eventsWaitingMax)
        let ending = codec.ending(of: wish)
        stopTokens = ending.tokens
        sequence = TextSequence(
            source: source, detokenizer: codec.detokenizer(for: wish), stopTexts: ending.texts,
            meter: GenerationMeter(promptTokenCount: prompt.count, start: start), isProbe: wish.isProbe)
    }

    func request(id: UInt64) -> SequenceRequest {
        var request = SequenceRequest(
            id: id, prompt: prompt, tokenCountMax: wish.tokenCountMax, sampling: wish.sampling,
            stopTokens: stopTokens, scores: wish.scoresPrompt, requestID: wish.id, owner: wish.owner)
        request.isProbe = wish.isProbe
        request.mayBeDrafted = wish.mayBeDrafted
        return request
    }
}
