// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Why a worker cannot serve its stage.
///
/// Raw values are part of the protocol.
package enum FaultCode: UInt32, CaseIterable, Sendable {
    /// Also what a later version's code is taken for.
    case other = 0
    /// The disk is full, read-only or failing.
    case storage = 1
    /// Bytes do not have the digest that the manifest names.
    case integrity = 2
    /// The shard, its KV cache or its scratch does not fit.
    case memory = 3
    /// The manifest describes something that the engine cannot run.
    case model = 4
    /// The next stage's worker cannot be reached or was lost.
    case link = 5
    /// The forward pass failed.
    case stage = 6
    /// A peer broke the protocol.
    case protocolViolation = 7
    /// Another coordinator has the worker from now on.
    case takenOver = 8
}

/// Worker to coordinator: the stage cannot go on.
package struct Fault: BriefMessage {
    package static let frameType = FrameType.fault

    package var code: FaultCode
    /// The stage that failed.
    package var stageIndex: UInt32
    /// What and what to do; cut at `Limits.messageBytesMax` when sent.
    package var message: String

    package init(code: FaultCode, stageIndex: UInt32, message: String) {
        self.code = code
        self.stageIndex = stageIndex
        self.message = message
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Fault: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Fault>) {
        cluster__fault__init(structure)
    }

    func write(to structure: inout Cluster__Fault, arena: EncodingArena) {
        structure.code = Cluster__FaultCode(rawValue: code.rawValue)
        structure.stage_index = stageIndex
        structure.message = arena.text(WireText.prose(message))
    }

    init(_ structure: Cluster__Fault) throws(WireError) {
        let reader = FieldReader(Self.self)
        code = FaultCode(rawValue: structure.code.rawValue) ?? .other
        stageIndex = try reader.number(
            "stageIndex", structure.stage_index, in: 0...UInt32(Limits.workersMax - 1))
        message = try reader.prose("message", structure.message.bytes)
    }
}

/// Coordinator to worker: end the session; the shard stays on disk.
package struct Release: BriefMessage {
    package static let frameType = FrameType.release

    package init() {}

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Release: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Release>) {
        cluster__release__init(structure)
    }

    func write(to structure: inout Cluster__Release, arena: EncodingArena) {}

    init(_ structure: Cluster__Release) throws(WireError) {
        self.init()
    }
}

/// Worker to coordinator: memory is free, the worker is idle.
package struct Released: BriefMessage {
    package static let frameType = FrameType.released

    package init() {}

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Released: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Released>) {
        cluster__released__init(structure)
    }

    func write(to structure: inout Cluster__Released, arena: EncodingArena) {}

    init(_ structure: Cluster__Released) throws(WireError) {
        self.init()
    }
}
