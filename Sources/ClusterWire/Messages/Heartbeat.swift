// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Coordinator to worker, every `Limits.heartbeatInterval`.
package struct Heartbeat: BriefMessage {
    package static let frameType = FrameType.heartbeat

    /// Rises by one.
    package var sequence: UInt64

    package init(sequence: UInt64) {
        self.sequence = sequence
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Heartbeat: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Heartbeat>) {
        cluster__heartbeat__init(structure)
    }

    func write(to structure: inout Cluster__Heartbeat, arena: EncodingArena) {
        structure.sequence = sequence
    }

    init(_ structure: Cluster__Heartbeat) throws(WireError) {
        sequence = structure.sequence
    }
}

/// What a worker is doing.
///
/// Raw values are part of the protocol.
package enum WorkerStateCode: UInt32, CaseIterable, Sendable {
    /// A state of a later version.
    case other = 0
    /// No session.
    case idle = 1
    /// Assigned; parts are missing.
    case receiving = 2
    /// All parts are on disk and are being laid out in memory.
    case loading = 3
    /// Loaded; computing or waiting for steps.
    case serving = 4
    /// A fault was reported; waiting for release.
    case faulted = 5
}

/// Worker to coordinator: the answer to ``Heartbeat``.
package struct HeartbeatReply: BriefMessage {
    package static let frameType = FrameType.heartbeatReply

    /// Of the heartbeat that is answered.
    package var sequence: UInt64
    package var state: WorkerStateCode
    /// Memory of weights, KV cache and scratch.
    package var residentByteCount: UInt64
    /// Steps of this session that have left the stage.
    package var stepsCompleted: UInt64
    /// What the worker's process and machine take and have.
    package var machine: MachineFigures?
    /// Bytes that came on the connection that brings the stage's steps; 0 if there is none.
    package var receivedByteCount: UInt64 = 0
    /// Bytes that were put on the connection on which they leave; 0 if there is none.
    package var sentByteCount: UInt64 = 0
    /// Of each stage, if there are several; the figures above are their sums then.
    package var stages: [StageFigures] = []

    package init(
        sequence: UInt64, state: WorkerStateCode, residentByteCount: UInt64, stepsCompleted: UInt64,
        machine: MachineFigures? = nil
    ) {
        self.sequence = sequence
        self.state = state
        self.residentByteCount = residentByteCount
        self.stepsCompleted = stepsCompleted
        self.machine = machine
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension HeartbeatReply: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__HeartbeatReply>) {
        cluster__heartbeat_reply__init(structure)
    }

    func write(to structure: inout Cluster__HeartbeatReply, arena: EncodingArena) {
        structure.sequence = sequence
        structure.state = Cluster__WorkerState(rawValue: state.rawValue)
        structure.resident_byte_count = residentByteCount
        structure.steps_completed = stepsCompleted
        structure.machine = machine.map(arena.structure)
        structure.received_byte_count = receivedByteCount
        structure.sent_byte_count = sentByteCount
        structure.n_stages = stages.count
        structure.stages = arena.structures(stages)
    }

    init(_ structure: Cluster__HeartbeatReply) throws(WireError) {
        let reader = FieldReader(Self.self)
        sequence = structure.sequence
        state = WorkerStateCode(rawValue: structure.state.rawValue) ?? .other
        residentByteCount = reader.figure(structure.resident_byte_count, max: Limits.machineMemoryBytesMax)
        stepsCompleted = reader.figure(structure.steps_completed)
        if let held = structure.machine { machine = try MachineFigures(held.pointee) }
        receivedByteCount = reader.figure(structure.received_byte_count)
        sentByteCount = reader.figure(structure.sent_byte_count)
        stages = try reader.messages(
            "stages", structure.stages, count: structure.n_stages, countMax: Limits.workerStagesMax)
    }
}
