// SPDX-License-Identifier: MIT

import BitNetCore

extension GenerationSchedule {
    /// Sends steps as long as there is work and room for them, and gives slots to those whose turn it is.
    mutating func fill() -> [Directive] {
        guard !isPoisoned else { return [] }
        var sends: [Directive] = []
        var news: [Directive] = []
        while inFlight.count(where: { !$0.onlyDrafts }) < stepCountMax, hasRoomInFlight {
            admit(&sends, &news)
            guard let step = nextStep() else { break }
            sends.append(.send(.step(step)))
        }
        while inFlight.count < stageCount, hasRoomInFlight, let step = nextDraftStep() {
            sends.append(.send(.step(step)))
        }
        return sends + news
    }

    private var hasRoomInFlight: Bool { inFlight.count < Limits.stageQueueStepsMax }

    /// Steps that may be in flight now, beside those of drafts alone.
    ///
    /// Sequences that decode wait for one another in `groupCount` steps: with more in flight the groups would
    /// fall apart into smaller ones, and a prompt would put more than one chunk between two tokens of a
    /// sequence. Prompts alone follow each other as closely as the stages can take them.
    private var stepCountMax: Int {
        guard decodingCount > 0 else { return stepsInFlightMax }
        // As many as full shares make: one more would take the last few of a step that could have had them.
        let hasPrompts = !prefilling.isEmpty || !(waiting.isEmpty || slots.free.isEmpty)
        let groupCount = hasPrompts ? groupCount : (decodingCount + decodeShare - 1) / decodeShare
        return min(groupCount, stepsInFlightMax)
    }

    private var decodingCount: Int { running.count - prefilling.count }

    /// Gives slots to as many as the next chunk has room for, by turns of their owners.
    ///
    /// Not earlier: what they share with others is known only when the others have sent it.
    private mutating func admit(_ sends: inout [Directive], _ news: inout [Directive]) {
        while let (request, givingWay) = nextTurn() {
            if let id = givingWay, let sequence = running[id] {
                sends += release(id)
                waiting.putBack(sequence.putOff)
            }
            guard let (slot, prefix) = slots.take(for: request, running: running.values) else { break }
            waiting.removeFirst(of: request.owner)
            let sharedCount = Int(clamping: prefix?.tokenCount ?? 0)
            let sequence = ScheduledSequence(request: request, slot: slot, sharedCount: sharedCount)
            begin(sequence, prefix, &sends)
            if sharedCount > 0, request.lossCount == 0, request.generated.isEmpty {
                news.append(.shared(request.id, tokenCount: sharedCount))
            }
        }
    }

    /// The sequence has its slot.
    mutating func begin(_ sequence: ScheduledSequence, _ prefix: SharedPrefix?, _ sends: inout [Directive]) {
        var sequence = sequence
        sequence.opening = openingCount
        openingCount += 1
        running[sequence.request.id] = sequence
        prefilling.append(sequence.request.id)
        sends.append(.send(.open(sequence.opening(prefix))))
    }

    /// The next step, accounted for as in flight, or `nil` if there is nothing to compute.
    private mutating func nextStep() -> Step? {
        var builder = StepBuilder(vocabularySize: vocabularySize)
        let chunkMax = min(chunkShare, stepTokensMax)
        // Room for a chunk is kept free, so that decoding never starves a prompt.
        let decodeMax = prefilling.isEmpty ? stepTokensMax : stepTokensMax - chunkMax
        let decodeCount = min(decodable.count, decodeShare, decodeMax)
        appendDecoding(decodable.prefix(decodeCount), tokenCountMax: decodeMax, to: &builder)
        decodable.removeFirst(decodeCount)
        appendPrompts(tokenCountMax: chunkMax, to: &builder)
        return sent(builder)
    }

    /// A step that goes ahead of what is on its way, with what that is likely to be followed by; `nil` if nothing is.
    private mutating func nextDraftStep() -> Step? {
        guard draftTokensMax > 0, prefilling.isEmpty, decodable.isEmpty else { return nil }
        let drafts = running.compactMap { id, sequence -> (UInt64, Draft)? in
            guard sequence.isAwaited, sequence.request.mayBeDrafted else { return nil }
            return sequence.draftBehind(countMax: draftTokensMax, contextLength: contextLength).map {
                (id, $0)
            }
        }
        // Ids tell equals apart: dictionaries have no order of their own.
        let likeliest = drafts.max { ($0.1.chances[0], $1.0) < ($1.1.chances[0], $0.0) }
        guard let (id, draft) = likeliest else { return nil }
        var builder = StepBuilder(vocabularySize: vocabularySize)
        let count = min(draft.count(aheadOf: stageCount, costs: costs), stepTokensMax)
        if let entries = running[id]?.nextDraftEntries(draft.tokens.prefix(count)), let sequence = running[id]
        {
            for entry in entries { builder.append(entry, of: sequence) }
        }
        return sent(builder, onlyDrafts: true)
    }

    private mutating func sent(_ builder: StepBuilder, onlyDrafts: Bool = false) -> Step? {
        guard !builder.entries.isEmpty else { return nil }
        defer { nextStepID += 1 }
        inFlight.append(
            StepInFlight(
                id: nextStepID, vocabularySize: vocabularySize, expectations: builder.expectations,
                entryCount: builder.entries.count, onlyDrafts: onlyDrafts))
        return Step(id: nextStepID, entries: builder.entries)
    }

    /// What comes next of sequences that decode: a token of each, and drafts where they pay.
    private mutating func appendDecoding(
        _ ids: ArraySlice<UInt64>, tokenCountMax: Int, to builder: inout StepBuilder
    ) {
        let drafts = ids.map { draft($0) ?? Draft(tokens: [], acceptance: 0) }
        let counts = drafts.counts(besides: ids.count, costs: costs, room: tokenCountMax - ids.count)
        for (index, id) in ids.enumerated() {
            guard let entry = running[id]?.nextDecodeEntry(),
                let drafted = running[id]?.nextDraftEntries(drafts[index].tokens.prefix(counts[index])),
                let sequence = running[id]
            else { continue }
            for entry in [entry] + drafted { builder.append(entry, of: sequence) }
        }
    }

    /// What a sequence may go on with, as far as anybody would want it.
    private mutating func draft(_ id: UInt64) -> Draft? {
        guard draftTokensMax > 0, running[id]?.request.mayBeDrafted == true else { return nil }
        // In place, and nothing of it held meanwhile: a copy would take as long as the text.
        running[id]?.indexTokens()
        return running[id]?.nextDraft(countMax: draftTokensMax, contextLength: contextLength)
    }

    /// What comes next of the prompts.
    private mutating func appendPrompts(tokenCountMax: Int, to builder: inout StepBuilder) {
        var room = tokenCountMax
        for (id, tokenCount) in promptShares(of: tokenCountMax) where room > 0 {
            guard var sequence = running[id] else { continue }
            let entries = sequence.nextChunk(countMax: min(room, tokenCount))
            for entry in entries { builder.append(entry, of: sequence) }
            room -= entries.count
            running[id] = sequence
            if !sequence.isPrefilling { prefilling.removeAll { $0 == id } }
        }
    }

    /// Prompt tokens of one step: beside sequences that decode, all steps under way hold one chunk together, so
    /// that no token waits for more than that; but not so few that a step does not pay.
    private var chunkShare: Int {
        guard decodingCount > 0 else { return prefillChunk }
        return max(prefillChunk / groupCount, min(prefillChunk, Self.chunkShareMin))
    }

    private static let chunkShareMin = 16

    /// Sequences that one step decodes, so that each group gets its part of them.
    private var decodeShare: Int {
        (decodingCount + groupCount - 1) / groupCount
    }
}

/// A step's entries and what they will bring.
private struct StepBuilder {
    let vocabularySize: Int
    var entries: [StepEntry] = []
    var expectations: [StepInFlight.Expectation] = []

    mutating func append(_ entry: StepEntry, of sequence: ScheduledSequence) {
        let request = sequence.request
        entries.append(entry)
        let wantsLogProbability: Bool
        switch entry.output {
        case .none: return
        case .score: wantsLogProbability = true
        case .sample: wantsLogProbability = request.sampling.wantsLogProbabilities
        }
        expectations.append(
            StepInFlight.Expectation(
                owner: request.id, opening: sequence.opening, branch: sequence.branch, slot: entry.slot,
                position: entry.position,
                output: entry.output,
                wantsLogProbability: wantsLogProbability,
                alternativeCount: min(Int(clamping: request.sampling.alternativeCount), vocabularySize)))
    }
}
