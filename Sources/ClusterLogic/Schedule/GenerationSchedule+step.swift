// SPDX-License-Identifier: MIT

import BitNetCore

extension GenerationSchedule {
    /// The next step, accounted for as in flight, or `nil` if there is nothing to compute.
    mutating func nextStep() -> Step? {
        var builder = StepBuilder()
        let chunkMax = min(prefillChunk, stepTokensMax)
        // Room for a chunk is kept free, so that decoding never starves a prompt.
        let decodeMax = prefilling.isEmpty ? stepTokensMax : stepTokensMax - chunkMax
        let decodeCount = min(decodable.count, decodeShare, decodeMax)
        for id in decodable.prefix(decodeCount) {
            guard let sequence = running[id] else { continue }
            builder.append(sequence.decodeEntry, of: sequence.request)
        }
        decodable.removeFirst(decodeCount)
        if let id = prefilling.first, var sequence = running[id] {
            for entry in sequence.nextChunk(countMax: chunkMax) {
                builder.append(entry, of: sequence.request)
            }
            running[id] = sequence
            if !sequence.isPrefilling { prefilling.removeFirst() }
        }
        guard !builder.entries.isEmpty else { return nil }
        defer { nextStepID += 1 }
        inFlight.append(StepInFlight(id: nextStepID, expectations: builder.expectations))
        return Step(id: nextStepID, entries: builder.entries)
    }

    /// Sequences that one step decodes, so that each stage gets its part of them.
    private var decodeShare: Int {
        let decodingCount = running.count - prefilling.count
        return (decodingCount + stageCount - 1) / stageCount
    }
}

/// A step's entries and what they will bring.
private struct StepBuilder {
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
                wantsLogProbability: wantsLogProbability))
    }
}
