// SPDX-License-Identifier: MIT

package import BitNetCore

/// Forms the steps that keep a pipeline busy with many sequences.
///
/// Owners get slots by turns, and for each of them his sequences in the order in which they come
/// (`GenerationSchedule+shares.swift`). A step holds one token of each sequence that can decode, up to an even share
/// (below), and one chunk of the prompts that are not through. A
/// sequence's next token is sent only after the one before has come back, while chunks of one prompt follow
/// each other without waiting. What a sequence generates depends on none of this.
///
/// The share: with `n` sequences decoding in `g` groups a step takes at most ⌈n/g⌉ of them. All in one step
/// would leave every stage but one idle.
package struct GenerationSchedule: Equatable, Sendable {
    let stageCount: Int
    /// Steps among which decoding sequences are divided.
    let groupCount: Int
    let contextLength: Int
    let vocabularySize: Int
    let prefillChunk: Int
    let stepsInFlightMax: Int
    let stepTokensMax: Int
    /// Drafted tokens of one sequence in one step.
    let draftTokensMax: Int
    /// Sequences that may wait for a slot; more are refused.
    package let waitingMax: Int

    /// Sequences that have no slot yet.
    var waiting = WaitingLines()
    var running: [UInt64: ScheduledSequence] = [:]
    /// Running sequences whose prompt is not sent to the end, the oldest first.
    var prefilling: [UInt64] = []
    /// Running sequences whose last token has come back, longest waiting first.
    var decodable: [UInt64] = []
    var slots: SlotTable
    var inFlight: [StepInFlight] = []
    var nextStepID: UInt64 = 1
    var openingCount: UInt64 = 0
    var costs: StepCosts
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
    ///   - draftTokensMax: drafted tokens of one sequence in one step, at most `Limits.draftTokensMax`; 0 for none.
    ///
    /// Figures outside these bounds are moved to the nearest one inside.
    package init(
        stageCount: Int, slotCount: Int, contextLength: Int,
        vocabularySize: Int = Limits.vocabularyMax, prefillChunk: Int = 64, groupCount: Int? = nil,
        stepsInFlightMax: Int? = nil, waitingMax: Int = Limits.slotsMax,
        stepTokensMax: Int = Limits.stepTokensMax, draftTokensMax: Int = 0
    ) {
        func bounded(_ value: Int, _ max: Int) -> Int { min(Swift.max(value, 1), max) }
        let slotCount = bounded(slotCount, Limits.slotsMax)
        self.stageCount = bounded(stageCount, Limits.workersMax)
        self.groupCount = bounded(groupCount ?? stageCount, Limits.stageQueueStepsMax - 1)
        self.contextLength = bounded(contextLength, Limits.contextMax)
        self.vocabularySize = bounded(vocabularySize, Limits.vocabularyMax)
        let stepTokensMax = bounded(max(stepTokensMax, 2), Limits.stepTokensMax)
        self.prefillChunk = bounded(prefillChunk, stepTokensMax / 2)
        self.stepsInFlightMax = bounded(
            stepsInFlightMax ?? self.groupCount + 1, Limits.stageQueueStepsMax)
        self.waitingMax = min(max(waitingMax, 0), Limits.sequencesMax)
        self.stepTokensMax = min(slotCount + self.prefillChunk, stepTokensMax)
        self.draftTokensMax = min(max(draftTokensMax, 0), Limits.draftTokensMax)
        costs = StepCosts(tokensMax: min(self.stepTokensMax, Self.costsMax))
        slots = SlotTable(slotCount: slotCount)
    }

    /// Steps of more tokens are decoded as they come.
    private static let costsMax = 64

    /// Steps that have been sent and have not come back.
    package var inFlightCount: Int { inFlight.count }
    /// Sequences that wait for a slot.
    package var waitingCount: Int { waiting.count }
    /// Sequences that have a slot; the service's own are not counted.
    package var runningCount: Int { running.values.count { !$0.request.isProbe } }

    // MARK: Events

    /// A new sequence is wanted.
    package mutating func submit(_ request: SequenceRequest) -> [Directive] {
        submit([request])
    }

    /// New sequences of one owner are wanted: all of them or, if one is refused, none.
    package mutating func submit(_ requests: [SequenceRequest]) -> [Directive] {
        if let request = requests.first, request.isProbe { return probe(request) }
        let waits = requests.filter { $0.tokenCountMax > 0 || $0.scores && $0.prompt.count > 1 }
        let refusal =
            requests.lazy.compactMap(refusal).first
            ?? waits.first.flatMap { overload($0.owner, count: waits.count) }
        if let refusal { return requests.map { .refused($0.id, refusal) } }
        var news: [Directive] = []
        for request in requests {
            precondition(running[request.id] == nil, "sequence \(request.id) is submitted twice")
            if request.scores, request.prompt.count == 1 { news.append(.scored(request.id, [])) }
            if waits.contains(where: { $0.id == request.id }) {
                waiting.append(request)
            } else {
                news.append(.finished(request.id, .length))
            }
        }
        return fill() + news
    }

    /// The service asks whether the stages work; while no slot is free, they show it anyway.
    private mutating func probe(_ request: SequenceRequest) -> [Directive] {
        guard !isPoisoned, let sequence = slots.take(forProbe: request) else {
            return [.refused(request.id, SequenceRefusal(.overloaded, "all slots are in use"))]
        }
        var sends: [Directive] = []
        let sharedCount = UInt32(clamping: sequence.request.prompt.count - 1)
        let prefix = sharedCount > 0 ? SharedPrefix(slot: sequence.slot, tokenCount: sharedCount) : nil
        begin(sequence, prefix, &sends)
        return sends + fill()
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
        if step.onlyDecodes { costs.take(outcome.traces, tokenCount: step.entryCount) }
        var sends: [Directive] = []
        var news: [Directive] = []
        // What comes for a sequence that was cancelled, or has ended, is dropped, and what followed a rejected draft.
        for (expected, result) in zip(step.expectations, outcome.results)
        where running[expected.owner]?.opening == expected.opening {
            if let failure = result.failure {
                giveUp(expected, failure, &sends, &news)
            } else if running[expected.owner]?.branch == expected.branch {
                take(result, expected, &sends, &news)
            }
        }
        return sends + fill() + news
    }

    /// Nobody wants the sequence any more; nothing more is said of it.
    package mutating func cancel(_ id: UInt64) -> [Directive] {
        waiting.remove(id)
        let sends = release(id)
        return isPoisoned ? [] : sends + fill()
    }

    // MARK: Taking results

    private mutating func take(
        _ result: StepResult, _ expected: StepInFlight.Expectation, _ sends: inout [Directive],
        _ news: inout [Directive]
    ) {
        switch expected.output {
        case .none: return
        case .score: takeScore(result, of: expected.owner, &sends, &news)
        case .sample: takeToken(result, of: expected.owner, &sends, &news)
        }
    }

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
        guard let request = running[id]?.request else { return }
        if request.stopTokens.contains(result.token) { return finish(id, .stop, &sends, &news) }
        // In place: a copy for every token would take the square of the text's length.
        if let drafted = running[id]?.append(result.token), drafted != (0, 0) {
            news.append(.drafted(id, accepted: drafted.accepted, rejected: drafted.rejected))
        }
        // Workers of earlier releases return it unasked.
        let logProbability = request.sampling.wantsLogProbabilities ? result.logProbability : nil
        news.append(
            .token(
                id, result.token, logProbability: logProbability, alternatives: result.alternatives))
        guard let sequence = running[id] else { return }
        if sequence.generatedCount == request.tokenCountMax {
            finish(id, .length, &sends, &news)
        } else if request.prompt.count + sequence.generatedCount > contextLength {
            finish(id, .context, &sends, &news)
        } else if !sequence.isAwaited {
            decodable.append(id)
        }
    }

    private mutating func giveUp(
        _ expected: StepInFlight.Expectation, _ failure: SequenceFailure, _ sends: inout [Directive],
        _ news: inout [Directive]
    ) {
        guard let sequence = running[expected.owner] else { return }
        sends += release(expected.owner, keepsTokens: false)
        guard sequence.draft.isEmpty, sequence.branch == expected.branch else {
            // A drafted token may be what cannot be computed, which the text would never have come to.
            var request = sequence.putOff
            request.mayBeDrafted = false
            return waiting.putBack(request)
        }
        news.append(.refused(expected.owner, SequenceRefusal(failure)))
    }

    private mutating func finish(
        _ id: UInt64, _ reason: FinishReason, _ sends: inout [Directive], _ news: inout [Directive]
    ) {
        if let rejected = running[id]?.dropDraft(), rejected > 0 {
            news.append(.drafted(id, accepted: 0, rejected: rejected))
        }
        sends += release(id)
        news.append(.finished(id, reason))
    }

    // MARK: Slots

    /// Gives back the slot of a sequence, if it has one.
    ///
    /// Steps of it may still be in flight; the pipe's order puts them before the close, and the close before
    /// whatever uses the slot next.
    mutating func release(_ id: UInt64, keepsTokens: Bool = true) -> [Directive] {
        guard let sequence = running.removeValue(forKey: id) else { return [] }
        prefilling.removeAll { $0 == id }
        decodable.removeAll { $0 == id }
        slots.release(sequence, keepsTokens: keepsTokens)
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
        return invalidity(of: request).map { SequenceRefusal(.invalid, $0) }
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
