// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import Crypto

/// What a proof covers: everything that the two sides said before it.
///
/// A proof is HMAC-SHA256 under the cluster key. Both nonces make it worthless on any other connection, the
/// prover's label makes it worthless in the other direction, and every text stands behind its length, so that
/// no two conversations have one transcript.
struct HandshakeTranscript {
    enum Prover: String {
        case client
        case server
    }

    /// Changes whenever the list of fields does.
    static let domain = "bitnet-coord cluster handshake 1"

    let hello: Hello
    /// Its `proof` is not covered.
    let reply: HelloReply

    func bytes(prover: Prover) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ field: some Collection<UInt8>) {
            bytes.append(littleEndian: UInt32(clamping: field.count))
            bytes += field
        }
        append(Self.domain.utf8)
        append(prover.rawValue.utf8)
        bytes.append(littleEndian: reply.version)
        bytes.append(littleEndian: hello.versionMin)
        bytes.append(littleEndian: hello.versionMax)
        bytes.append(littleEndian: hello.features)
        bytes.append(littleEndian: reply.features)
        bytes.append(littleEndian: hello.role.rawValue)
        bytes.append(littleEndian: hello.session)
        bytes.append(hello.isKeyed ? 1 : 0)
        bytes.append(reply.isKeyed ? 1 : 0)
        for field in [hello.nonce, reply.nonce] { append(field) }
        for field in [hello.cluster, reply.cluster, hello.node, reply.node, hello.build, reply.build] {
            append(field.utf8)
        }
        return bytes
    }

    func proof(by prover: Prover, key: [UInt8]) -> [UInt8] {
        [UInt8](HMAC<SHA256>.authenticationCode(for: bytes(prover: prover), using: SymmetricKey(data: key)))
    }

    /// Takes the same time wherever the proof is wrong.
    func isValid(_ proof: [UInt8], by prover: Prover, key: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            proof, authenticating: bytes(prover: prover), using: SymmetricKey(data: key))
    }
}
