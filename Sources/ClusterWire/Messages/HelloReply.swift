// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Server to client: the answer to ``Hello``.
package struct HelloReply: BriefMessage {
    package static let frameType = FrameType.helloReply

    /// The version that both speak from here on.
    package var version: UInt32
    package var features: UInt64
    package var build: String
    /// Empty if the server has no cluster yet and would adopt the client's.
    package var cluster: String
    package var node: String
    /// 32 random bytes, fresh for each connection.
    package var nonce: [UInt8]
    /// HMAC-SHA256 of the server's transcript.
    package var proof: [UInt8]
    /// On control connections only.
    package var capabilities: Capabilities?
    package var isKeyed: Bool

    package init(
        version: UInt32, features: UInt64, build: String, cluster: String, node: String, nonce: [UInt8],
        proof: [UInt8], capabilities: Capabilities?, isKeyed: Bool = false
    ) {
        self.version = version
        self.features = features
        self.build = build
        self.cluster = cluster
        self.node = node
        self.nonce = nonce
        self.proof = proof
        self.capabilities = capabilities
        self.isKeyed = isKeyed
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension HelloReply: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__HelloReply>) {
        cluster__hello_reply__init(structure)
    }

    func write(to structure: inout Cluster__HelloReply, arena: EncodingArena) {
        structure.version = version
        structure.features = features
        structure.build = arena.text(build)
        structure.cluster = arena.text(cluster)
        structure.node = arena.text(node)
        structure.nonce = arena.binary(nonce)
        structure.proof = arena.binary(proof)
        structure.capabilities = capabilities.map(arena.structure)
        structure.is_keyed = isKeyed ? 1 : 0
    }

    init(_ structure: Cluster__HelloReply) throws(WireError) {
        let reader = FieldReader(Self.self)
        var capabilities: Capabilities?
        if let held = structure.capabilities { capabilities = try Capabilities(held.pointee) }
        self.init(
            version: structure.version, features: structure.features,
            build: try reader.name("build", structure.build.bytes),
            cluster: try reader.name("cluster", structure.cluster.bytes),
            node: try reader.name("node", structure.node.bytes, isEmptyAllowed: false),
            nonce: try reader.bytes("nonce", structure.nonce.bytes, count: Limits.nonceByteCount),
            proof: try reader.bytes("proof", structure.proof.bytes, count: Limits.proofByteCount),
            capabilities: capabilities, isKeyed: structure.is_keyed != 0)
    }
}

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
