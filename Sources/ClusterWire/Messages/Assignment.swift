// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Coordinator to worker: the stage to serve.
package struct Assignment: ControlMessage {
    package static let frameType = FrameType.assignment
    /// What a coordinator that does not know of heads has counted memory for.
    private static let exactHead = "exact"

    package var stageIndex: UInt32
    package var stageCount: UInt32
    /// An encoded `ShardManifest`; opaque here.
    package var manifest: [UInt8]
    /// Sequences that the KV cache holds at once.
    package var slotCount: UInt32
    /// Positions of each slot.
    package var contextLength: UInt32
    /// `f32`, `f16` or `int8`.
    package var cacheType: String
    /// Entries of the largest step.
    package var stepTokensMax: UInt32
    /// `fast` or `exact`: how the last stage finds tokens.
    package var head: String
    /// host:port of the next stage's worker; `nil` on the last stage.
    package var next: String?
    /// Name of the next stage's worker; `nil` on the last stage.
    package var nextNode: String?

    package init(
        stageIndex: UInt32, stageCount: UInt32, manifest: [UInt8], slotCount: UInt32, contextLength: UInt32,
        cacheType: String, stepTokensMax: UInt32, head: String = exactHead, next: String? = nil,
        nextNode: String? = nil
    ) {
        self.stageIndex = stageIndex
        self.stageCount = stageCount
        self.manifest = manifest
        self.slotCount = slotCount
        self.contextLength = contextLength
        self.cacheType = cacheType
        self.stepTokensMax = stepTokensMax
        self.head = head
        self.next = next
        self.nextNode = nextNode
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Assignment: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Assignment>) {
        cluster__assignment__init(structure)
    }

    func write(to structure: inout Cluster__Assignment, arena: EncodingArena) {
        structure.stage_index = stageIndex
        structure.stage_count = stageCount
        structure.manifest = arena.binary(manifest)
        structure.slot_count = slotCount
        structure.context_length = contextLength
        structure.cache_type = arena.text(cacheType)
        structure.step_tokens_max = stepTokensMax
        structure.head = arena.text(head)
        structure.next = arena.text(next ?? "")
        structure.next_node = arena.text(nextNode ?? "")
    }

    init(_ structure: Cluster__Assignment) throws(WireError) {
        let reader = FieldReader(Self.self)
        stageCount = try reader.number("stageCount", structure.stage_count, in: 1...UInt32(Limits.workersMax))
        stageIndex = try reader.number("stageIndex", structure.stage_index, in: 0...(stageCount - 1))
        manifest = try reader.bytes("manifest", structure.manifest.bytes, countMax: Limits.manifestBytesMax)
        slotCount = try reader.number("slotCount", structure.slot_count, in: 1...UInt32(Limits.slotsMax))
        contextLength = try reader.number(
            "contextLength", structure.context_length, in: 1...UInt32(Limits.contextMax))
        cacheType = try reader.name("cacheType", structure.cache_type.bytes)
        stepTokensMax = try reader.number(
            "stepTokensMax", structure.step_tokens_max, in: 1...UInt32(Limits.stepTokensMax))
        let head = try reader.name("head", structure.head.bytes)
        self.head = head.isEmpty ? Self.exactHead : head
        let next = try reader.address("next", structure.next.bytes)
        let nextNode = try reader.name("nextNode", structure.next_node.bytes)
        guard next.isEmpty == (stageIndex == stageCount - 1) else {
            throw WireError(
                .limit, "Assignment.next is \(next.isEmpty ? "missing before" : "given for") the last stage")
        }
        self.next = next.isEmpty ? nil : next
        self.nextNode = nextNode.isEmpty ? nil : nextNode
    }
}
