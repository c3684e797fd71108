// SPDX-License-Identifier: MIT
package import BitNetCore

/// What a node proves with that it belongs to its cluster, and by which it knows others.
///
/// Whoever has a key encrypts, too.
package struct Credentials: Sendable {
    /// The cluster's key; empty without one.
    package let key: [UInt8]
    /// `nil` if this node cannot encrypt.
    let certificates: LinkCertificates?
    /// Whether connections that this node opens are encrypted, and those that it takes must be.
    let isPlain: Bool

    /// Those of a cluster without a key, on one machine.
    package static let none = Credentials()

    private init() {
        key = []
        certificates = nil
        isPlain = true
    }

    /// - Throws: ``TransportError`` naming the certificate's file.
    package init(key: [UInt8], protection: LinkProtection = .clusterKey) throws(TransportError) {
        self.key = key
        switch protection {
        case .certificates(let files):
            certificates = try LinkCertificates(files: files)
            isPlain = false
        // Those who encrypt can come nevertheless.
        case .none, .clusterKey:
            certificates = key.isEmpty ? nil : try LinkCertificates(key: key)
            isPlain = key.isEmpty || protection == .none
        }
    }

    /// What a connection is encrypted with that this node opens.
    var dialled: LinkCertificates? { isPlain ? nil : certificates }
}
