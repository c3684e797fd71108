// SPDX-License-Identifier: MIT

package import BitNetCore
import CClusterProto

/// Along the pipeline: a new sequence takes the slot.
package struct Opening: ControlMessage {
    package static let frameType = FrameType.opening

    package var slot: UInt32
    /// Matters to the last stage only.
    package var sampling: SamplingParameters
    /// What the sequence takes over instead of computing it.
    package var prefix: SharedPrefix?

    package init(slot: UInt32, sampling: SamplingParameters, prefix: SharedPrefix? = nil) {
        self.slot = slot
        self.sampling = sampling
        self.prefix = prefix
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: [UInt8], budget: DecodingBudget) throws(WireError) -> Self {
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
        structure.seed = sampling.seed
        structure.omits_log_probabilities = sampling.wantsLogProbabilities ? 0 : 1
        structure.prefix_slot = prefix?.slot ?? 0
        structure.prefix_token_count = prefix?.tokenCount ?? 0
    }

    init(_ structure: Cluster__Opening) throws(WireError) {
        let reader = FieldReader(Self.self)
        slot = try reader.number("slot", structure.slot, in: 0...UInt32(Limits.slotsMax - 1))
        sampling = SamplingParameters()
        sampling.temperature = structure.temperature
        sampling.topK = structure.top_k
        sampling.topP = structure.top_p
        sampling.minP = structure.min_p
        sampling.repetitionPenalty = structure.repetition_penalty
        sampling.repetitionWindow = try reader.number(
            "repetitionWindow", structure.repetition_window, in: 0...UInt32(Limits.contextMax))
        sampling.seed = structure.seed
        sampling.wantsLogProbabilities = structure.omits_log_probabilities == 0
        if let invalidity = sampling.invalidity {
            throw WireError(.limit, "Opening for slot \(slot): \(invalidity)")
        }
        let source = try reader.number(
            "prefixSlot", structure.prefix_slot, in: 0...UInt32(Limits.slotsMax - 1))
        let tokenCount = try reader.number(
            "prefixTokenCount", structure.prefix_token_count, in: 0...UInt32(Limits.contextMax))
        prefix = tokenCount > 0 ? SharedPrefix(slot: source, tokenCount: tokenCount) : nil
    }
}

/// Along the pipeline: the sequence is over; the slot is free.
package struct Closing: ControlMessage {
    package static let frameType = FrameType.closing

    package var slot: UInt32

    package init(slot: UInt32) {
        self.slot = slot
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: [UInt8], budget: DecodingBudget) throws(WireError) -> Self {
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
