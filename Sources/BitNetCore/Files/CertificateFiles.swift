// SPDX-License-Identifier: MIT

/// How the machines of a cluster protect what they say to each other.
package enum LinkProtection: Equatable, Sendable {
    /// By certificates that follow from the cluster's key; not at all without a key.
    case clusterKey
    /// By certificates of an operator's own authority.
    case certificates(CertificateFiles)
    /// Not at all: the operator says that the network is safe.
    case none
}

/// The files by which a node is known, PEM.
package struct CertificateFiles: Equatable, Sendable {
    /// Certificates of those who may issue certificates to nodes.
    package var authority: String
    /// The node's own, and those that lead from it to the authority.
    package var certificate: String
    /// Of the node's certificate.
    package var privateKey: String
    /// SHA-256 digests of certificates that count no more, one a line; read at each handshake.
    package var revoked: String?

    package init(authority: String, certificate: String, privateKey: String, revoked: String? = nil) {
        self.authority = authority
        self.certificate = certificate
        self.privateKey = privateKey
        self.revoked = revoked
    }
}
