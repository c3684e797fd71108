// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Worker to coordinator: the stage is loaded.
package struct Ready: BriefMessage {
    package static let frameType = FrameType.ready

    /// From the last part's arrival until now.
    package var loadMicros: UInt64
    /// Memory of weights, KV cache and scratch.
    package var residentByteCount: UInt64
    /// The kernel in use, for people.
    package var kernel: String
    /// Compute threads in use.
    package var threadCount: UInt32

    package init(loadMicros: UInt64, residentByteCount: UInt64, kernel: String, threadCount: UInt32) {
        self.loadMicros = loadMicros
        self.residentByteCount = residentByteCount
        self.kernel = kernel
        self.threadCount = threadCount
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Ready: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Ready>) {
        cluster__ready__init(structure)
    }

    func write(to structure: inout Cluster__Ready, arena: EncodingArena) {
        structure.load_micros = loadMicros
        structure.resident_byte_count = residentByteCount
        structure.kernel = arena.text(kernel)
        structure.thread_count = threadCount
    }

    init(_ structure: Cluster__Ready) throws(WireError) {
        let reader = FieldReader(Self.self)
        loadMicros = reader.figure(structure.load_micros)
        residentByteCount = reader.figure(structure.resident_byte_count, max: Limits.machineMemoryBytesMax)
        kernel = try reader.name("kernel", structure.kernel.bytes)
        threadCount = structure.thread_count
    }
}

/// Coordinator to worker, once every stage is ready: dial the next stage's worker.
package struct Link: BriefMessage {
    package static let frameType = FrameType.link

    package init() {}

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Link: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Link>) {
        cluster__link__init(structure)
    }

    func write(to structure: inout Cluster__Link, arena: EncodingArena) {}

    init(_ structure: Cluster__Link) throws(WireError) {
        self.init()
    }
}

/// Worker to coordinator: the next stage's worker has welcomed the connection.
package struct Linked: BriefMessage {
    package static let frameType = FrameType.linked

    package init() {}

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Linked: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Linked>) {
        cluster__linked__init(structure)
    }

    func write(to structure: inout Cluster__Linked, arena: EncodingArena) {}

    init(_ structure: Cluster__Linked) throws(WireError) {
        self.init()
    }
}
