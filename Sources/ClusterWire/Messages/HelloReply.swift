// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Server to client: the answer to ``Hello``, which says nothing of the server.
package struct HelloReply: BriefMessage {
    package static let frameType = FrameType.helloReply

    /// 32 random bytes, fresh for each connection.
    package var nonce: [UInt8]

    package init(nonce: [UInt8]) {
        self.nonce = nonce
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
        structure.nonce = arena.binary(nonce)
    }

    init(_ structure: Cluster__HelloReply) throws(WireError) {
        nonce = try FieldReader(Self.self).bytes("nonce", structure.nonce.bytes, count: Limits.nonceByteCount)
    }
}
