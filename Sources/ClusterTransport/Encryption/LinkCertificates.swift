// SPDX-License-Identifier: MIT
import BitNetCore
import Crypto
import FoundationEssentials
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// What a node shows others when a connection is encrypted, and by what it knows them: TLS 1.3, both ends with a
/// certificate of the same authority.
struct LinkCertificates: Sendable {
    let client: NIOSSLContext
    let server: NIOSSLContext
    /// Whether certificates say which node it is, and not only that it belongs to the cluster.
    let identifiesNodes: Bool
    /// File with the digests of certificates that count no more.
    let revoked: String?

    /// Those that a node makes for itself from the cluster's key.
    init(key: [UInt8]) throws(TransportError) {
        do {
            let authority = try ClusterAuthority(derivedFrom: key)
            let own = try authority.issue(to: "node")
            try self.init(
                authorities: [NIOSSLCertificate(authority.certificate)],
                chain: [NIOSSLCertificate(own.certificate)],
                privateKey: NIOSSLPrivateKey(bytes: Array(own.privateKey.derRepresentation), format: .der),
                revoked: nil, identifiesNodes: false)
        } catch {
            throw TransportError(.certificate, "no certificate follows from the cluster key: \(error.words)")
        }
    }

    /// Those of an operator's own authority.
    ///
    /// - Throws: ``TransportError`` naming the file.
    init(files: CertificateFiles) throws(TransportError) {
        let authorities = try Self.read(files.authority, "certificate") {
            try NIOSSLCertificate.fromPEMBytes($0)
        }
        let chain = try Self.read(files.certificate, "certificate") { try NIOSSLCertificate.fromPEMBytes($0) }
        let key = try Self.read(files.privateKey, "private key") {
            [try NIOSSLPrivateKey(bytes: $0, format: .pem)]
        }
        do {
            try self.init(
                authorities: authorities, chain: chain, privateKey: key[0], revoked: files.revoked,
                identifiesNodes: true)
        } catch {
            throw TransportError(
                .certificate,
                "\(files.certificate) and \(files.privateKey) do not belong together: give a certificate and its own private key"
            )
        }
    }

    private init(
        authorities: [NIOSSLCertificate], chain: [NIOSSLCertificate], privateKey: NIOSSLPrivateKey,
        revoked: String?, identifiesNodes: Bool
    ) throws {
        var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey),
            trustRoots: .certificates(authorities))
        configuration.minimumTLSVersion = .tlsv13
        // A peer that is stuck says no farewell; its socket shall not wait for one.
        configuration.shutdownTimeout = TimeAmount(Limits.encryptionFarewellTimeout)
        server = try NIOSSLContext(configuration: configuration)
        client = try NIOSSLContext(configuration: configuration)
        self.revoked = revoked
        self.identifiesNodes = identifiesNodes
    }

    private static func read<Item>(
        _ path: String, _ what: String, _ load: ([UInt8]) throws -> [Item]
    ) throws(TransportError) -> [Item] {
        let bytes: [UInt8]
        do { bytes = try SmallFile.bytes(path) } catch { throw TransportError(.certificate, error.message) }
        // What the library says of it names neither file nor remedy.
        guard let items = try? load(bytes), !items.isEmpty else {
            throw TransportError(.certificate, "\(path) holds no \(what) as PEM text")
        }
        return items
    }
}

extension NIOSSLCertificate {
    fileprivate convenience init(_ certificate: Certificate) throws {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        try self.init(bytes: serializer.serializedBytes, format: .der)
    }
}
