// SPDX-License-Identifier: MIT
package import BitNetCore
import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// A folder in which an operator keeps a cluster's authority, and what it has issued: `ca.pem`, `ca.key`, and
/// `NAME.pem`, `NAME.key` of each node.
package struct CertificateFolder: Sendable {
    /// One node's files.
    package struct Issue: Sendable {
        package let node: String
        package let files: CertificateFiles
        /// SHA-256 of the certificate, by which it can be revoked.
        package let digest: String
    }

    package let path: String
    /// Whether there was none before.
    package let isNew: Bool
    private let authority: ClusterAuthority

    /// Opens the folder's authority, or makes one.
    ///
    /// - Throws: `FileError`, or ``TransportError`` for an authority that cannot be read.
    package init(path: String) throws {
        self.path = path
        let files = Self.files(of: "ca", in: path)
        if FileSystem.exists(files.certificate) {
            isNew = false
            do {
                authority = ClusterAuthority(
                    certificate: try Certificate(pemEncoded: Self.text(files.certificate)),
                    privateKey: try P256.Signing.PrivateKey(pemRepresentation: Self.text(files.privateKey)))
            } catch {
                throw TransportError(
                    .certificate,
                    "\(files.certificate) and \(files.privateKey) are no authority: \(error.words)")
            }
        } else {
            isNew = true
            authority = try ClusterAuthority(name: "bitnet-coord authority")
            try FileSystem.makePrivateDirectory(path)
            try Self.write(authority.certificate, authority.privateKey, to: files)
        }
    }

    /// Whether a node has a certificate.
    package func has(_ node: String) -> Bool {
        FileSystem.exists(Self.files(of: node, in: path).certificate)
    }

    /// Issues a certificate to a node.
    ///
    /// - Parameter hosts: names and addresses under which clients of HTTPS reach it.
    /// - Throws: ``TransportError`` for a name that cannot be one of a file, or has a certificate already.
    package func issue(to node: String, hosts: [String] = []) throws -> Issue {
        guard Self.isName(node) else {
            throw TransportError(
                .certificate,
                "“\(PrintableText.line(node))” cannot be the name of a certificate's file: letters, digits, “.”, “-” and “_” can"
            )
        }
        let files = Self.files(of: node, in: path)
        guard !FileSystem.exists(files.certificate), !FileSystem.exists(files.privateKey) else {
            throw TransportError(
                .certificate,
                "\(files.certificate) is there already; revoke it and move it away before another one is issued"
            )
        }
        let issued = try authority.issue(to: node, hosts: hosts)
        try Self.write(issued.certificate, issued.privateKey, to: files)
        return Issue(node: node, files: files, digest: try Self.digest(of: issued.certificate))
    }

    /// Writes down that a node's certificate counts no more.
    ///
    /// - Returns: its digest.
    package func revoke(_ node: String) throws -> String {
        guard Self.isName(node) else {
            throw TransportError(.certificate, "“\(PrintableText.line(node))” is no name of a certificate")
        }
        let path = Self.files(of: node, in: path).certificate
        let digest = try Self.digest(of: Certificate(pemEncoded: Self.text(path)))
        let list = FileSystem.exists(revokedPath) ? try Self.text(revokedPath) : ""
        guard !list.contains(digest) else { return digest }
        try OutputFile.write(Array("\(list)\(digest)  \(node)\n".utf8), to: revokedPath)
        return digest
    }

    /// Where ``revoke(_:)`` writes.
    package var revokedPath: String { "\(path)/revoked" }

    private static func isName(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._\-]{0,63}/) != nil && text != "ca" && text != "revoked"
    }

    private static func files(of node: String, in path: String) -> CertificateFiles {
        CertificateFiles(
            authority: "\(path)/ca.pem", certificate: "\(path)/\(node).pem", privateKey: "\(path)/\(node).key"
        )
    }

    private static func text(_ path: String) throws -> String {
        String(decoding: try SmallFile.bytes(path), as: UTF8.self)
    }

    private static func write(
        _ certificate: Certificate, _ key: P256.Signing.PrivateKey, to files: CertificateFiles
    ) throws {
        try OutputFile.write(Array(key.pemRepresentation.utf8), to: files.privateKey, mode: 0o600)
        try OutputFile.write(Array(certificate.serializeAsPEM().pemString.utf8), to: files.certificate)
    }

    private static func digest(of certificate: Certificate) throws -> String {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return NodeCertificate(serializer.serializedBytes).digest
    }
}
