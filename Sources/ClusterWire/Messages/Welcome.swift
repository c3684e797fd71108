// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Server to client: who the server is; the handshake is over, the connection may be used.
package struct Welcome: BriefMessage {
    package static let frameType = FrameType.welcome

    /// The version that both speak from here on.
    package var version: UInt32
    package var features: UInt64
    package var build: String
    package var cluster: String
    /// The name that the server was given; empty if none.
    package var node: String
    /// Drawn at random when the server started; never 0.
    package var nodeID: UInt64
    /// HMAC-SHA256 of the server's transcript.
    package var proof: [UInt8]
    /// On control connections only.
    package var capabilities: Capabilities?

    package init(
        version: UInt32, features: UInt64, build: String, cluster: String, node: String, nodeID: UInt64,
        proof: [UInt8], capabilities: Capabilities?
    ) {
        self.version = version
        self.features = features
        self.build = build
        self.cluster = cluster
        self.node = node
        self.nodeID = nodeID
        self.proof = proof
        self.capabilities = capabilities
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Welcome: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Welcome>) {
        cluster__welcome__init(structure)
    }

    func write(to structure: inout Cluster__Welcome, arena: EncodingArena) {
        structure.version = version
        structure.features = features
        structure.build = arena.text(build)
        structure.cluster = arena.text(cluster)
        structure.node = arena.text(node)
        structure.node_id = nodeID
        structure.proof = arena.binary(proof)
        structure.capabilities = capabilities.map(arena.structure)
    }

    init(_ structure: Cluster__Welcome) throws(WireError) {
        let reader = FieldReader(Self.self)
        var capabilities: Capabilities?
        if let held = structure.capabilities { capabilities = try Capabilities(held.pointee) }
        self.init(
            version: structure.version, features: structure.features,
            build: try reader.name("build", structure.build.bytes),
            cluster: try reader.name("cluster", structure.cluster.bytes, isEmptyAllowed: false),
            node: try reader.name("node", structure.node.bytes),
            nodeID: try reader.number("nodeID", structure.node_id, in: 1 ... .max),
            proof: try reader.bytes("proof", structure.proof.bytes, count: Limits.proofByteCount),
            capabilities: capabilities)
    }
}
