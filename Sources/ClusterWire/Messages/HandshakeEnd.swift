// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Client to server: the answer to ``HelloReply``.
package struct Proof: BriefMessage {
    package static let frameType = FrameType.proof

    /// HMAC-SHA256 of the client's transcript.
    package var proof: [UInt8]

    package init(proof: [UInt8]) {
        self.proof = proof
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Proof: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Proof>) {
        cluster__proof__init(structure)
    }

    func write(to structure: inout Cluster__Proof, arena: EncodingArena) {
        structure.proof = arena.binary(proof)
    }

    init(_ structure: Cluster__Proof) throws(WireError) {
        proof = try FieldReader(Self.self).bytes("proof", structure.proof.bytes, count: Limits.proofByteCount)
    }
}

/// Why a connection is refused.
///
/// Raw values are part of the protocol.
package enum RefusalCode: UInt32, CaseIterable, Sendable {
    /// Also what a later version's code is taken for.
    case other = 0
    /// No protocol version in common.
    case version = 1
    /// The server belongs to another cluster.
    case cluster = 2
    /// A key on one side only, or different keys.
    case key = 3
    /// Another session holds the worker.
    case busy = 4
    /// The session is not the one that the worker serves.
    case session = 5
    /// The worker has no use for such a connection now.
    case role = 6
    /// Too many connections, or a value above a limit.
    case limit = 7
    /// Another worker was meant.
    case node = 8
    /// The worker lets go of another session: ask again in a moment.
    case releasing = 9
}

/// Server to client: the connection is about to close.
package struct Refusal: BriefMessage {
    package static let frameType = FrameType.refusal

    package var code: RefusalCode
    /// What and what to do, naming both sides; cut at `Limits.messageBytesMax` when sent.
    package var message: String

    package init(code: RefusalCode, message: String) {
        self.code = code
        self.message = message
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension Refusal: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Refusal>) {
        cluster__refusal__init(structure)
    }

    func write(to structure: inout Cluster__Refusal, arena: EncodingArena) {
        structure.code = Cluster__RefusalCode(rawValue: code.rawValue)
        structure.message = arena.text(WireText.prose(message))
    }

    init(_ structure: Cluster__Refusal) throws(WireError) {
        code = RefusalCode(rawValue: structure.code.rawValue) ?? .other
        message = try FieldReader(Self.self).prose("message", structure.message.bytes)
    }
}
