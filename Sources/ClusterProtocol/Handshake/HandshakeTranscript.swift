// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import Crypto

/// What a proof covers: everything that the two sides said before it.
///
/// A proof is HMAC-SHA256 under the cluster key. Both nonces make it worthless on any other connection, the
/// prover's label makes it worthless in the other direction, the name of the worker that is meant makes it worthless
/// with any other one that has a name, and every text stands behind its length, so that no two conversations have
/// one transcript.
struct HandshakeTranscript: Equatable {
    /// Changes whenever the list of fields does.
    static let domain = "bitnet-coord cluster handshake 2"

    let hello: Hello
    /// The server's.
    let nonce: [UInt8]

    private func bytes(prover: String) -> [UInt8] {
        var bytes: [UInt8] = []
        Self.append(Self.domain.utf8, to: &bytes)
        Self.append(prover.utf8, to: &bytes)
        bytes.append(littleEndian: hello.versionMin)
        bytes.append(littleEndian: hello.versionMax)
        bytes.append(littleEndian: hello.features)
        bytes.append(littleEndian: hello.role.rawValue)
        bytes.append(littleEndian: hello.session)
        bytes.append(hello.isKeyed ? 1 : 0)
        for field in [hello.nonce, nonce] { Self.append(field, to: &bytes) }
        for field in [hello.cluster, hello.node, hello.build, hello.target] {
            Self.append(field.utf8, to: &bytes)
        }
        // Only where it is named: releases before it proved what they sent, too.
        if let stage = hello.stage { bytes.append(littleEndian: UInt32(clamping: stage)) }
        return bytes
    }

    private static func append(_ field: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(littleEndian: UInt32(clamping: field.count))
        bytes += field
    }

    /// What the client proves.
    private var clientBytes: [UInt8] { bytes(prover: "client") }

    /// What the server proves: who it is as well.
    ///
    /// The proof in `welcome` is not covered, nor are capabilities.
    private func serverBytes(_ welcome: Welcome) -> [UInt8] {
        var bytes = bytes(prover: "server")
        bytes.append(littleEndian: welcome.version)
        bytes.append(littleEndian: welcome.features)
        bytes.append(littleEndian: welcome.nodeID)
        for field in [welcome.cluster, welcome.node, welcome.build] { Self.append(field.utf8, to: &bytes) }
        return bytes
    }

    func clientProof(key: [UInt8]) -> [UInt8] { Self.proof(of: clientBytes, key) }

    func serverProof(_ welcome: Welcome, key: [UInt8]) -> [UInt8] {
        Self.proof(of: serverBytes(welcome), key)
    }

    func isClientProof(_ proof: [UInt8], key: [UInt8]) -> Bool { Self.isProof(proof, of: clientBytes, key) }

    func isServerProof(in welcome: Welcome, key: [UInt8]) -> Bool {
        Self.isProof(welcome.proof, of: serverBytes(welcome), key)
    }

    private static func proof(of bytes: [UInt8], _ key: [UInt8]) -> [UInt8] {
        [UInt8](HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
    }

    /// Takes the same time wherever the proof is wrong.
    private static func isProof(_ proof: [UInt8], of bytes: [UInt8], _ key: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            proof, authenticating: bytes, using: SymmetricKey(data: key))
    }
}
