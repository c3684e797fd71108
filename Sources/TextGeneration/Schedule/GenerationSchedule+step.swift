// SPDX-License-Identifier: MIT

import BitNetCore

extension GenerationSchedule {
    /// Sends steps as long as there is work and room for them, and gives slots to those whose turn it is.
    mutating func fill() -> [Directive] {
        guard !isPoisoned else { return [] }
        var sends: [Directive] = []
        var news: [Directive] = []
        while inFlight.count < stepCountMax {
            admit(&sends, &news)
            guard let step = nextStep() else { break }
            sends.append(.send(.step(step)))
        }
        return sends + news
    }

    /// Steps that may be in flight now.
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
        for id in decodable.prefix(decodeCount) {
            guard var sequence = running[id] else { continue }
            builder.append(sequence.nextDecodeEntry(), of: sequence.request)
            running[id] = sequence
        }
        decodable.removeFirst(decodeCount)
        appendPrompts(tokenCountMax: chunkMax, to: &builder)
        guard !builder.entries.isEmpty else { return nil }
        defer { nextStepID += 1 }
        inFlight.append(
            StepInFlight(
                id: nextStepID, vocabularySize: vocabularySize, expectations: builder.expectations))
        return Step(id: nextStepID, entries: builder.entries)
    }

    /// What comes next of the prompts.
    private mutating func appendPrompts(tokenCountMax: Int, to builder: inout StepBuilder) {
        var room = tokenCountMax
        for (id, tokenCount) in promptShares(of: tokenCountMax) where room > 0 {
            guard var sequence = running[id] else { continue }
            let entries = sequence.nextChunk(countMax: min(room, tokenCount))
            for entry in entries { builder.append(entry, of: sequence.request) }
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

    mutating func append(_ entry: StepEntry, of request: SequenceRequest) {
        entries.append(entry)
        let wantsLogProbability: Bool
        switch entry.output {
        case .none: return
        case .score: wantsLogProbability = true
        case .sample: wantsLogProbability = request.sampling.wantsLogProbabilities
        }
        expectations.append(
            StepInFlight.Expectation(
                owner: request.id, slot: entry.slot, position: entry.position, output: entry.output,
                wantsLogProbability: wantsLogProbability,
                alternativeCount: min(Int(clamping: request.sampling.alternativeCount), vocabularySize)))
    }
}
