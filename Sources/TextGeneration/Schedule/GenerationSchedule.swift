// SPDX-License-Identifier: MIT

package import BitNetCore

/// Forms the steps that keep a pipeline busy with many sequences.
///
/// Sequences get slots in the order in which they come. A step holds one token of each sequence that can
/// decode, up to an even share (below), and one chunk of the prompts that are not through, the oldest first. A
/// sequence's next token is sent only after the one before has come back, while chunks of one prompt follow
/// each other without waiting. What a sequence generates depends on none of this.
///
/// The share: with `n` sequences decoding in `g` groups a step takes at most ⌈n/g⌉ of them. All in one step
/// would leave every stage but one idle.
package struct GenerationSchedule: Equatable, Sendable {
    /// Steps among which decoding sequences are divided.
    let groupCount: Int
    let contextLength: Int
    let vocabularySize: Int
    let prefillChunk: Int
    let stepsInFlightMax: Int
    let stepTokensMax: Int
    /// Sequences that may wait for a slot; more are refused.
    package let waitingMax: Int

    /// Sequences that have no slot yet, the oldest first.
    var waiting: [SequenceRequest] = []
    var running: [UInt64: ScheduledSequence] = [:]
    /// Running sequences whose prompt is not sent to the end, the oldest first.
    var prefilling: [UInt64] = []
    /// Running sequences whose last token has come back, longest waiting first.
    var decodable: [UInt64] = []
    var slots: SlotTable
    var inFlight: [StepInFlight] = []
    var nextStepID: UInt64 = 1
    var isPoisoned = false

    /// - Parameters:
    ///   - stageCount: stages of the plan.
    ///   - slotCount: sequences that the KV caches hold at once, 1...`Limits.slotsMax`.
    ///   - contextLength: positions of each slot.
    ///   - vocabularySize: tokens that the stages can return, 1...`Limits.vocabularyMax`.
    ///   - prefillChunk: prompt tokens of one step, at most half of `stepTokensMax`.
    ///   - groupCount: steps among which decoding sequences are divided; `stageCount` by default. More hide
    ///     longer ways between the stages, at the price of smaller steps.
    ///   - stepsInFlightMax: steps between the first stage and the last; one more than groups by default, so
    ///     that one travels while each stage computes another.
    ///   - waitingMax: sequences that may wait for a slot; more are refused.
    ///   - stepTokensMax: entries of one step, 2...`Limits.stepTokensMax`.
    ///
    /// Figures outside these bounds are moved to the nearest one inside.
    package init(
        stageCount: Int, slotCount: Int, contextLength: Int,
        vocabularySize: Int = Limits.vocabularyMax, prefillChunk: Int = 64, groupCount: Int? = nil,
        stepsInFlightMax: Int? = nil, waitingMax: Int = Limits.slotsMax,
        stepTokensMax: Int = Limits.stepTokensMax
    ) {
        func bounded(_ value: Int, _ max: Int) -> Int { min(Swift.max(value, 1), max) }
        let slotCount = bounded(slotCount, Limits.slotsMax)
        self.groupCount = bounded(groupCount ?? stageCount, Limits.stageQueueStepsMax - 1)
        self.contextLength = bounded(contextLength, Limits.contextMax)
        self.vocabularySize = bounded(vocabularySize, Limits.vocabularyMax)
        let stepTokensMax = bounded(max(stepTokensMax, 2), Limits.stepTokensMax)
        self.prefillChunk = bounded(prefillChunk, stepTokensMax / 2)
        self.stepsInFlightMax = bounded(
            stepsInFlightMax ?? self.groupCount + 1, Limits.stageQueueStepsMax)
        self.waitingMax = min(max(waitingMax, 0), Limits.sequencesMax)
        self.stepTokensMax = min(slotCount + self.prefillChunk, stepTokensMax)
        slots = SlotTable(slotCount: slotCount)
    }

    /// Steps that have been sent and have not come back.
    package var inFlightCount: Int { inFlight.count }
    /// Sequences that wait for a slot.
    package var waitingCount: Int { waiting.count }
    /// Sequences that have a slot.
    package var runningCount: Int { running.count }

    // MARK: Events

    /// A new sequence is wanted.
    package mutating func submit(_ request: SequenceRequest) -> [Directive] {
        precondition(running[request.id] == nil, "sequence \(request.id) is submitted twice")
        if let refusal = refusal(of: request) { return [.refused(request.id, refusal)] }
        let hasNothingToScore = request.scores && request.prompt.count == 1
        let news: [Directive] = hasNothingToScore ? [.scored(request.id, [])] : []
        if request.tokenCountMax == 0, hasNothingToScore || !request.scores {
            return news + [.finished(request.id, .length)]
        }
        waiting.append(request)
        return fill() + news
    }

    /// A step has come back.
    package mutating func received(_ outcome: StepOutcome) -> [Directive] {
        guard !isPoisoned else { return [] }
        guard let step = inFlight.first, step.id == outcome.id else {
            let expected = inFlight.first.map { "step \($0.id)" } ?? "none"
            return poison("the pipeline returned step \(outcome.id) when \(expected) was due")
        }
        if let reason = step.mismatch(outcome.results) { return poison(reason) }
        inFlight.removeFirst()
        var sends: [Directive] = []
        var news: [Directive] = []
        // What comes for a sequence that was cancelled, or has ended, is dropped.
        let wanted = zip(step.expectations, outcome.results).filter { running[$0.0.owner] != nil }
        for (expected, result) in wanted {
            switch expected.output {
            case .none: continue
            case .score: takeScore(result, of: expected.owner, &sends, &news)
            case .sample: takeToken(result, of: expected.owner, &sends, &news)
            }
        }
        return sends + fill() + news
    }

    /// Nobody wants the sequence any more; nothing more is said of it.
    package mutating func cancel(_ id: UInt64) -> [Directive] {
        waiting.removeAll { $0.id == id }
        let sends = release(id)
        return isPoisoned ? [] : sends + fill()
    }

    // MARK: Taking results

    private mutating func takeScore(
        _ result: StepResult, of id: UInt64, _ sends: inout [Directive], _ news: inout [Directive]
    ) {
        guard let logProbability = result.logProbability else { return }
        // In place: a copy for every token would take the square of the prompt's length.
        running[id]?.scores.append(
            ScoredToken(
                id: result.token, logProbability: logProbability, alternatives: result.alternatives))
        guard let sequence = running[id], sequence.scores.count == sequence.scoreCount else { return }
        news.append(.scored(id, sequence.scores))
        if sequence.request.tokenCountMax == 0 { finish(id, .length, &sends, &news) }
    }

    private mutating func takeToken(
        _ result: StepResult, of id: UInt64, _ sends: inout [Directive], _ news: inout [Directive]
    ) {
        guard var sequence = running[id] else { return }
        let request = sequence.request
        if request.stopTokens.contains(result.token) { return finish(id, .stop, &sends, &news) }
        sequence.append(result.token)
        running[id] = sequence
        // Workers of earlier releases return it unasked.
        let logProbability = request.sampling.wantsLogProbabilities ? result.logProbability : nil
        news.append(
            .token(
                id, result.token, logProbability: logProbability, alternatives: result.alternatives))
        if sequence.generatedCount == request.tokenCountMax {
            finish(id, .length, &sends, &news)
        } else if request.prompt.count + sequence.generatedCount > contextLength {
            finish(id, .context, &sends, &news)
        } else {
            decodable.append(id)
        }
    }

    private mutating func finish(
        _ id: UInt64, _ reason: FinishReason, _ sends: inout [Directive], _ news: inout [Directive]
    ) {
        sends += release(id)
        news.append(.finished(id, reason))
    }

    // MARK: Slots

    /// Gives back the slot of a sequence, if it has one.
    ///
    /// Steps of it may still be in flight; the pipe's order puts them before the close, and the close before
    /// whatever uses the slot next.
    private mutating func release(_ id: UInt64) -> [Directive] {
        guard let sequence = running.removeValue(forKey: id) else { return [] }
        prefilling.removeAll { $0 == id }
        decodable.removeAll { $0 == id }
        slots.release(sequence.slot, holding: Array(sequence.sentTokens))
        return [.send(.close(slot: sequence.slot))]
    }

    // MARK: Refusing

    private func refusal(of request: SequenceRequest) -> SequenceRefusal? {
        if request.prompt.count > contextLength {
            return SequenceRefusal(
                .tooLong,
                "the prompt has \(request.prompt.count) tokens, but the context holds \(contextLength); shorten it or "
                    + "raise --ctx-size")
        }
        if let reason = invalidity(of: request) { return SequenceRefusal(.invalid, reason) }
        // Those for whom there are slots are not counted: they only wait for their turn to be sent.
        guard waiting.count < waitingMax + slots.free.count else {
            return SequenceRefusal(
                .overloaded, "\(waiting.count) sequences are waiting already; try again later")
        }
        return nil
    }

    private func invalidity(of request: SequenceRequest) -> String? {
        if request.prompt.isEmpty { return "the prompt is empty" }
        if request.tokenCountMax < 0 { return "\(request.tokenCountMax) tokens cannot be generated" }
        if let bias = request.sampling.biases.first(where: { $0.token >= UInt32(clamping: vocabularySize) }) {
            return "token \(bias.token) has a bias, but is not one of the model's \(vocabularySize)"
        }
        return request.sampling.invalidity
    }

    private mutating func poison(_ reason: String) -> [Directive] {
        isPoisoned = true
        return [.violation(reason)]
    }
}
