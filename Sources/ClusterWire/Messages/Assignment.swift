// SPDX-License-Identifier: MIT

package import BitNetCore
import CClusterProto

/// Coordinator to worker: the stage to serve, or one of several.
package struct Assignment: ControlMessage {
    package static let frameType = FrameType.assignment

    package var stageIndex: UInt32
    package var stageCount: UInt32
    /// An encoded `ShardManifest`; opaque here.
    package var manifest: [UInt8]
    package var settings: StageSettings
    /// host:port of the next stage's worker; `nil` on the last stage.
    package var next: String?
    /// Name of the next stage's worker; `nil` on the last stage.
    package var nextNode: String?
    /// Which process that is, as it said in its ``Welcome``; 0 on the last stage.
    package var nextID: UInt64
    /// Names all that a sequence's state follows from besides its tokens.
    ///
    /// What a stage knows of sequences may serve another one of the same name. `nil` where it is to keep nothing.
    package var states: ContentDigest?
    /// Assignments that the worker is given, this one among them.
    package var workerStageCount: Int
    /// Whether the next stage's worker has several, so that a link to it says which one is meant.
    package var namesNextStage: Bool

    /// - Parameter settings: they keep states exactly if `states` are named.
    package init(
        stageIndex: UInt32, stageCount: UInt32, manifest: [UInt8], settings: StageSettings,
        next: String? = nil, nextNode: String? = nil, nextID: UInt64 = 0, states: ContentDigest? = nil,
        workerStageCount: Int = 1, namesNextStage: Bool = false
    ) {
        self.stageIndex = stageIndex
        self.stageCount = stageCount
        self.manifest = manifest
        self.settings = settings
        self.next = next
        self.nextNode = nextNode
        self.nextID = nextID
        self.states = states
        self.workerStageCount = workerStageCount
        self.namesNextStage = namesNextStage
        self.settings.keepsStates = states != nil
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
        structure.slot_count = UInt32(clamping: settings.cache.slots)
        structure.context_length = UInt32(clamping: settings.cache.context)
        structure.cache_type = arena.text(settings.cache.type.rawValue)
        structure.step_tokens_max = UInt32(clamping: settings.stepTokensMax)
        structure.head = arena.text(settings.headType.rawValue)
        structure.segment_layers = UInt32(clamping: settings.segmentLayers)
        structure.next = arena.text(next ?? "")
        structure.next_node = arena.text(nextNode ?? "")
        structure.next_id = nextID
        structure.states = arena.binary(states?.bytes ?? [])
        structure.worker_stages = UInt32(clamping: workerStageCount)
        structure.names_next = namesNextStage ? 1 : 0
    }

    init(_ structure: Cluster__Assignment) throws(WireError) {
        let reader = FieldReader(Self.self)
        stageCount = try reader.number("stageCount", structure.stage_count, in: 1...UInt32(Limits.workersMax))
        stageIndex = try reader.number("stageIndex", structure.stage_index, in: 0...(stageCount - 1))
        manifest = try reader.bytes("manifest", structure.manifest.bytes, countMax: Limits.manifestBytesMax)
        states =
            structure.states.len == 0 ? nil : try reader.digest("states", structure.states.bytes)
        settings = StageSettings(
            cache: CacheShape(
                slots: try reader.size("slotCount", structure.slot_count, max: Limits.slotsMax),
                context: try reader.size("contextLength", structure.context_length, max: Limits.contextMax),
                type: try reader.known("cacheType", structure.cache_type.bytes)),
            stepTokensMax: try reader.size(
                "stepTokensMax", structure.step_tokens_max, max: Limits.stepTokensMax),
            // A coordinator that does not know of heads has counted memory for the exact one.
            headType: try reader.known("head", structure.head.bytes, absent: .exact),
            segmentLayers: Int(
                clamping: try reader.number(
                    "segmentLayers", structure.segment_layers, in: 0...UInt32(Limits.layersMax))),
            keepsStates: states != nil)
        let next = try reader.address("next", structure.next.bytes)
        let nextNode = try reader.name("nextNode", structure.next_node.bytes)
        guard next.isEmpty == (stageIndex == stageCount - 1) else {
            throw WireError(
                .limit, "Assignment.next is \(next.isEmpty ? "missing before" : "given for") the last stage")
        }
        self.next = next.isEmpty ? nil : next
        self.nextNode = nextNode.isEmpty ? nil : nextNode
        nextID = structure.next_id
        // A coordinator that does not know of several gives one.
        workerStageCount = max(
            1,
            Int(
                clamping: try reader.number(
                    "workerStages", structure.worker_stages, in: 0...UInt32(Limits.workerStagesMax))))
        namesNextStage = structure.names_next != 0
    }
}
