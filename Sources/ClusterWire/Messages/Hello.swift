// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Client to server: the first frame of every connection.
package struct Hello: BriefMessage {
    package static let frameType = FrameType.hello

    package var versionMin: UInt32
    package var versionMax: UInt32
    /// Optional abilities, one bit each; a connection uses those of both sides.
    package var features: UInt64
    package var build: String
    package var cluster: String
    package var node: String
    package var role: ConnectionRole
    /// Ties the connections of one assignment together.
    package var session: UInt64
    /// 32 random bytes, fresh for each connection.
    package var nonce: [UInt8]
    /// Whether the client has a cluster key; `HandshakeClient` sets it.
    package var isKeyed: Bool
    /// The worker that is meant, by name; empty if any will do.
    package var target: String
    /// The stage of it that is meant; `nil` if it has one only.
    package var stage: Int?

    package init(
        versionMin: UInt32 = ProtocolVersion.supported.lowerBound,
        versionMax: UInt32 = ProtocolVersion.supported.upperBound, features: UInt64 = 0, build: String,
        cluster: String, node: String, role: ConnectionRole, session: UInt64, nonce: [UInt8],
        isKeyed: Bool = false, target: String = "", stage: Int? = nil
    ) {
        self.versionMin = versionMin
        self.versionMax = versionMax
        self.features = features
        self.build = build
        self.cluster = cluster
        self.node = node
        self.role = role
        self.session = session
        self.nonce = nonce
        self.isKeyed = isKeyed
        self.target = target
        self.stage = stage
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Hello: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Hello>) {
        cluster__hello__init(structure)
    }

    func write(to structure: inout Cluster__Hello, arena: EncodingArena) {
        structure.version_min = versionMin
        structure.version_max = versionMax
        structure.features = features
        structure.build = arena.text(build)
        structure.cluster = arena.text(cluster)
        structure.node = arena.text(node)
        structure.role = Cluster__ConnectionRole(rawValue: role.rawValue)
        structure.session = session
        structure.nonce = arena.binary(nonce)
        structure.is_keyed = isKeyed ? 1 : 0
        structure.target = arena.text(target)
        structure.stage = stage.map { UInt32(clamping: $0) + 1 } ?? 0
    }

    init(_ structure: Cluster__Hello) throws(WireError) {
        let reader = FieldReader(Self.self)
        guard let role = ConnectionRole(rawValue: structure.role.rawValue) else {
            throw WireError(
                .limit, "Hello.role is \(structure.role.rawValue), which this release does not know")
        }
        guard structure.version_min <= structure.version_max else {
            throw WireError(
                .limit, "Hello offers versions \(structure.version_min) to \(structure.version_max)")
        }
        let stage = Int(
            clamping: try reader.number("stage", structure.stage, in: 0...UInt32(Limits.workersMax)))
        self.init(
            versionMin: structure.version_min, versionMax: structure.version_max,
            features: structure.features, build: try reader.name("build", structure.build.bytes),
            cluster: try reader.name("cluster", structure.cluster.bytes, isEmptyAllowed: false),
            node: try reader.name("node", structure.node.bytes, isEmptyAllowed: false), role: role,
            session: structure.session,
            nonce: try reader.bytes("nonce", structure.nonce.bytes, count: Limits.nonceByteCount),
            isKeyed: structure.is_keyed != 0, target: try reader.name("target", structure.target.bytes),
            stage: stage == 0 ? nil : stage - 1)
    }
}
