// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// What a worker can do; the coordinator plans on nothing else.
package struct Capabilities: Equatable, Sendable {
    /// Instruction set of the kernels: `scalar`, `avx2`, `avx512`, `neon`.
    package var isa: String
    /// Physical cores that the process may use.
    package var coreCount: UInt32
    /// Compute threads that it will start.
    package var threadCount: UInt32
    /// Memory that shard, KV cache and scratch may take together.
    package var memoryByteCount: UInt64
    /// Free space where shards are stored.
    package var storeByteCount: UInt64

    package init(
        isa: String, coreCount: UInt32, threadCount: UInt32, memoryByteCount: UInt64, storeByteCount: UInt64
    ) {
        self.isa = isa
        self.coreCount = coreCount
        self.threadCount = threadCount
        self.memoryByteCount = memoryByteCount
        self.storeByteCount = storeByteCount
    }
}

extension Capabilities: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Capabilities>) {
        cluster__capabilities__init(structure)
    }

    func write(to structure: inout Cluster__Capabilities, arena: EncodingArena) {
        structure.isa = arena.text(isa)
        structure.core_count = coreCount
        structure.thread_count = threadCount
        structure.memory_byte_count = memoryByteCount
        structure.store_byte_count = storeByteCount
    }

    init(_ structure: Cluster__Capabilities) throws(WireError) {
        let reader = FieldReader(Self.self)
        self.init(
            isa: try reader.name("isa", structure.isa.bytes),
            coreCount: structure.core_count, threadCount: structure.thread_count,
            memoryByteCount: reader.figure(structure.memory_byte_count, max: Limits.machineMemoryBytesMax),
            storeByteCount: reader.figure(structure.store_byte_count))
    }
}
