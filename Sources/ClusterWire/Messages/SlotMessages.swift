// SPDX-License-Identifier: MIT

package import BitNetCore
import CClusterProto

/// Along the pipeline: a new sequence takes the slot.
extension Opening: ControlMessage {
    package static let frameType = FrameType.opening

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Opening: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Opening>) {
        cluster__opening__init(structure)
    }

    func write(to structure: inout Cluster__Opening, arena: EncodingArena) {
        structure.slot = slot
        structure.temperature = sampling.temperature
        structure.top_k = sampling.topK
        structure.top_p = sampling.topP
        structure.min_p = sampling.minP
        structure.repetition_penalty = sampling.repetitionPenalty
        structure.repetition_window = sampling.repetitionWindow
        structure.presence_penalty = sampling.presencePenalty
        structure.frequency_penalty = sampling.frequencyPenalty
        structure.bias_tokens = arena.values(sampling.biases.map(\.token))
        structure.n_bias_tokens = sampling.biases.count
        structure.bias_values = arena.values(sampling.biases.map(\.bias))
        structure.n_bias_values = sampling.biases.count
        structure.seed = sampling.seed
        structure.omits_log_probabilities = sampling.wantsLogProbabilities ? 0 : 1
        structure.alternative_count = sampling.alternativeCount
        structure.prompt_token_count = promptTokenCount
        structure.prefix_slot = prefix?.slot ?? 0
        structure.prefix_token_count = prefix?.tokenCount ?? 0
        structure.request_id = arena.text(requestID)
    }

    init(_ structure: Cluster__Opening) throws(WireError) {
        let reader = FieldReader(Self.self)
        let slot = try reader.number("slot", structure.slot, in: 0...UInt32(Limits.slotsMax - 1))
        let sampling = try SamplingParameters(structure, reader)
        if let invalidity = sampling.invalidity {
            throw WireError(.limit, "Opening for slot \(slot): \(invalidity)")
        }
        let tokens = 0...UInt32(Limits.contextMax)
        let source = try reader.number(
            "prefixSlot", structure.prefix_slot, in: 0...UInt32(Limits.slotsMax - 1))
        let tokenCount = try reader.number("prefixTokenCount", structure.prefix_token_count, in: tokens)
        self.init(
            slot: slot, sampling: sampling,
            promptTokenCount: try reader.number("promptTokenCount", structure.prompt_token_count, in: tokens),
            prefix: tokenCount > 0 ? SharedPrefix(slot: source, tokenCount: tokenCount) : nil,
            requestID: try reader.name("requestID", structure.request_id.bytes))
    }
}

extension SamplingParameters {
    /// Copies what an opening says; the caller checks the values' ranges.
    fileprivate init(_ structure: Cluster__Opening, _ reader: FieldReader) throws(WireError) {
        self.init()
        temperature = structure.temperature
        topK = structure.top_k
        topP = structure.top_p
        minP = structure.min_p
        repetitionPenalty = structure.repetition_penalty
        repetitionWindow = try reader.number(
            "repetitionWindow", structure.repetition_window, in: 0...UInt32(Limits.contextMax))
        presencePenalty = structure.presence_penalty
        frequencyPenalty = structure.frequency_penalty
        biases = try Self.biases(structure, reader)
        seed = structure.seed
        wantsLogProbabilities = structure.omits_log_probabilities == 0
        alternativeCount = structure.alternative_count
    }

    private static func biases(
        _ structure: Cluster__Opening, _ reader: FieldReader
    ) throws(WireError) -> [TokenBias] {
        let tokens = try reader.values(
            "biasTokens", structure.bias_tokens, count: structure.n_bias_tokens, countMax: Limits.biasesMax)
        let values = try reader.values(
            "biasValues", structure.bias_values, count: structure.n_bias_values, countMax: Limits.biasesMax)
        guard tokens.count == values.count else {
            throw WireError(.limit, "Opening has \(values.count) biases for \(tokens.count) tokens")
        }
        var biases: [TokenBias] = []
        for (token, value) in zip(tokens, values) {
            _ = try reader.number("biasTokens", token, in: 0...UInt32(Limits.vocabularyMax - 1))
            biases.append(TokenBias(token: token, bias: value))
        }
        return biases
    }
}

/// Along the pipeline: the sequence is over; the slot is free.
package struct Closing: BriefMessage {
    package static let frameType = FrameType.closing

    package var slot: UInt32

    package init(slot: UInt32) {
        self.slot = slot
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Closing: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Closing>) {
        cluster__closing__init(structure)
    }

    func write(to structure: inout Cluster__Closing, arena: EncodingArena) {
        structure.slot = slot
    }

    init(_ structure: Cluster__Closing) throws(WireError) {
        slot = try FieldReader(Self.self).number("slot", structure.slot, in: 0...UInt32(Limits.slotsMax - 1))
    }
}
