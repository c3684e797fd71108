// SPDX-License-Identifier: MIT
import BitNetCore
package import Crypto
import FoundationEssentials
import Glibc
import SwiftASN1
package import X509

/// Issues the certificates of one cluster's nodes.
///
/// The machines of a cluster that share a key have no need of files: each derives the same authority from the key, and
/// issues a certificate for itself that lives as long as the process. Whoever holds the key can do that, and nobody else.
package struct ClusterAuthority: Sendable {
    package let certificate: Certificate
    package let privateKey: P256.Signing.PrivateKey
    private let name: DistinguishedName

    /// The authority that follows from a cluster's key.
    ///
    /// Its private key is HKDF-SHA256 (RFC 5869) of the cluster's key with a fixed label; the first counter behind the
    /// label counts that gives a scalar of the curve. Certificates of it differ in signature only.
    package init(derivedFrom clusterKey: [UInt8]) throws {
        let secret = SymmetricKey(data: clusterKey)
        for counter: UInt8 in 0 ... .max {
            let scalar = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret, info: Array("bitnet-coord certificate authority".utf8) + [counter],
                outputByteCount: 32)
            let key = scalar.withUnsafeBytes { try? P256.Signing.PrivateKey(rawRepresentation: $0) }
            guard let key else { continue }
            try self.init(name: "bitnet-coord cluster", privateKey: key)
            return
        }
        throw TransportError(
            .certificate, "no certificate authority follows from the cluster key; make another key")
    }

    /// An authority of its own.
    ///
    /// - Parameter name: what its certificate is called.
    package init(name: String) throws {
        try self.init(name: name, privateKey: P256.Signing.PrivateKey())
    }

    private init(name: String, privateKey: P256.Signing.PrivateKey) throws {
        self.name = try DistinguishedName { CommonName(name) }
        self.privateKey = privateKey
        certificate = try Self.certificate(
            of: Certificate.PublicKey(privateKey.publicKey), named: self.name, by: self.name, privateKey,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            })
    }

    /// An authority that was kept.
    package init(certificate: Certificate, privateKey: P256.Signing.PrivateKey) {
        self.certificate = certificate
        self.privateKey = privateKey
        name = certificate.subject
    }

    /// A certificate for one node, which dials and is dialled, and its private key.
    ///
    /// - Parameter hosts: names and addresses under which clients of HTTPS reach it.
    package func issue(
        to node: String, hosts: [String] = []
    ) throws -> (certificate: Certificate, privateKey: P256.Signing.PrivateKey) {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName { CommonName(node) }
        let certificate = try Self.certificate(
            of: Certificate.PublicKey(key.publicKey), named: subject, by: name, privateKey,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                if !hosts.isEmpty { SubjectAlternativeNames(hosts.map(GeneralName.init(host:))) }
            })
        return (certificate, key)
    }

    // A cluster's machines may disagree about the date: who shall not be trusted any more is revoked.
    private static let begin = Date(timeIntervalSince1970: 946_684_800)
    private static let end = Date(timeIntervalSince1970: 4_102_358_400)

    private static func certificate(
        of key: Certificate.PublicKey, named subject: DistinguishedName, by issuer: DistinguishedName,
        _ issuerKey: P256.Signing.PrivateKey, extensions: Certificate.Extensions
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key, notValidBefore: begin,
            notValidAfter: end, issuer: issuer, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(issuerKey))
    }
}

extension GeneralName {
    /// An address, if the text is one, else a name.
    fileprivate init(host: String) {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            guard inet_pton(family, host, &bytes) == 1 else { continue }
            self = .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
            return
        }
        self = .dnsName(host)
    }
}
