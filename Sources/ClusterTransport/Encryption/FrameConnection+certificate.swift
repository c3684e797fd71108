// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterWire
import Crypto
import NIOCore
import NIOSSL
import SwiftASN1
import X509

extension FrameConnection {
    /// Checks, as the side that dialled, that it is the worker that is meant whose certificate it has seen.
    ///
    /// - Throws: ``HandshakeError`` naming `peer`.
    func checkCertificate(of peer: String, named name: String, _ credentials: Credentials) async throws {
        guard let certificate = try await peerCertificate(credentials) else { return }
        guard name.isEmpty || certificate.name == name else {
            throw Self.otherName(peer, certificate.name, "'\(name)'")
        }
    }

    /// Checks, as the side that listens, that the peer's certificate is that of whom it says to be.
    ///
    /// - Throws: ``HandshakeError``.
    func checkCertificate(of hello: Hello, _ credentials: Credentials) async throws {
        guard let certificate = try await peerCertificate(credentials) else { return }
        switch hello.role {
        case .link:
            guard certificate.name != hello.node else { return }
            throw Self.otherName(hello.clientName, certificate.name, "'\(hello.node)'")
        case .examine:
            guard ![NodeRole.coordinator, NodeRole.operator].contains(certificate.name) else { return }
            throw Self.otherName(
                hello.clientName, certificate.name, "'\(NodeRole.operator)' or '\(NodeRole.coordinator)'")
        default:
            guard certificate.name != NodeRole.coordinator else { return }
            throw Self.otherName(hello.clientName, certificate.name, "'\(NodeRole.coordinator)'")
        }
    }

    /// - Returns: `nil` if certificates say no more than that a node is of the cluster.
    private func peerCertificate(_ credentials: Credentials) async throws -> NodeCertificate? {
        guard let certificates = credentials.certificates, certificates.identifiesNodes, isEncrypted else {
            return nil
        }
        let channel = channel
        let bytes = try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes() ?? []
        }.get()
        let certificate = NodeCertificate(bytes)
        guard let path = certificates.revoked else { return certificate }
        let revoked: RevokedCertificates
        do {
            revoked = try await DiskThreads.run { try RevokedCertificates(path: path) }
        } catch let error as any RemediableError {
            throw HandshakeError(
                .other, "nobody is trusted without the list of revoked certificates: \(error.message)")
        }
        guard !revoked.contains(certificate) else {
            throw HandshakeError(
                .key,
                "the certificate '\(certificate.name)' of \(peer) is revoked in \(path); issue another one to that node"
            )
        }
        return certificate
    }

    private static func otherName(_ peer: String, _ name: String, _ meant: String) -> HandshakeError {
        HandshakeError(
            .node,
            "the certificate of \(peer) is that of '\(name)', not of \(meant); give each node its own certificate"
        )
    }
}

/// How nodes that are no workers are called in their certificates.
package enum NodeRole {
    package static let coordinator = "coordinator"
    /// May examine workers, and no more.
    package static let `operator` = "operator"
}

/// What a node's certificate says of it.
struct NodeCertificate {
    /// Its common name; empty if it has none.
    let name: String
    /// SHA-256 of its bytes, as `openssl x509 -fingerprint -sha256` tells it, without colons and in lower case.
    let digest: String

    init(_ bytes: [UInt8]) {
        let certificate = try? Certificate(derEncoded: bytes)
        // As it stands there: what only looks like a name is another one.
        name =
            certificate?.subject.lazy.flatMap(\.self)
            .first { $0.type == .RDNAttributeType.commonName }.map { "\($0.value)" } ?? ""
        digest = SHA256.hash(data: bytes).map {
            $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16)
        }.joined()
    }
}

/// The certificates that an operator trusts no more.
struct RevokedCertificates {
    private let digests: Set<String>

    /// Takes one digest a line, with what stands behind it; empty lines and those that begin with `#` mean nothing.
    ///
    /// - Throws: `FileError` naming the file, ``TransportError`` naming a line that is no digest: one that was meant and
    ///   not understood would be trusted.
    init(path: String) throws {
        let lines = try SmallFile.bytes(path).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var digests: Set<String> = []
        for (index, line) in lines.enumerated() {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            guard let word = words.first, !word.hasPrefix("#") else { continue }
            guard let digest = ContentDigest(hex: word.filter { $0 != ":" }.lowercased()) else {
                throw TransportError(
                    .certificate,
                    "\(path):\(index + 1): “\(PrintableText.line(String(word.prefix(80))))” is not the SHA-256 digest of a certificate"
                )
            }
            digests.insert(digest.hex)
        }
        self.digests = digests
    }

    func contains(_ certificate: NodeCertificate) -> Bool { digests.contains(certificate.digest) }
}
