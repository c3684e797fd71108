// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterWire

/// A connection that could not be opened.
package struct HandshakeError: RemediableError, Equatable {
    /// `.other` stands for a peer that broke the protocol as well.
    package let code: RefusalCode
    /// Names both sides and the remedy.
    package let message: String

    /// - Parameter message: may hold words of the peer.
    package init(_ code: RefusalCode, _ message: String) {
        self.code = code
        self.message = PrintableText.line(message)
    }
}

extension HandshakeError {
    static func undecodable(_ frame: Frame, from peer: String, _ error: WireError) -> HandshakeError {
        HandshakeError(
            error.code == .limit ? .limit : .other,
            "\(peer) sent a \(frame.type) that cannot be read: \(error.message)")
    }

    static func unexpected(_ frame: Frame, from peer: String, awaited: String) -> HandshakeError {
        HandshakeError(
            .other,
            "\(peer) sent \(frame.type) during the handshake, where \(awaited) was due; "
                + "install the same release on both machines")
    }

    static func oneKey(holder: String, other: String) -> HandshakeError {
        HandshakeError(
            .key,
            "\(other) has no cluster key, but \(holder) has one; give both the same key file, or none to both"
        )
    }

    package static func differentKeys(_ prover: String, _ verifier: String) -> HandshakeError {
        HandshakeError(
            .key, "\(prover) does not hold the cluster key of \(verifier); give both the same key file")
    }

    package static func notEncrypted(_ server: String, _ hello: Hello) -> HandshakeError {
        HandshakeError(
            .key,
            "\(server) closed the connection of \(hello.clientName) before it was encrypted: it has no cluster key, or is "
                + "of an older release; give both the same key file, and install the same release on both machines"
        )
    }

    static func plain(_ server: String, _ hello: Hello) -> HandshakeError {
        HandshakeError(
            .key,
            "\(server) takes encrypted connections only, and \(hello.clientName) (\(hello.build)) does not encrypt; "
                + "install the same release on both machines, or start the worker with --no-tls on a network that is safe"
        )
    }

    static func otherCluster(_ server: String, _ cluster: String, _ hello: Hello) -> HandshakeError {
        HandshakeError(
            .cluster,
            "\(server) belongs to cluster '\(cluster)', \(hello.clientName) to '\(hello.cluster)'; "
                + "correct 'cluster' in workers.yaml or use another worker")
    }

    static func otherNode(_ server: String, isNamed name: String, _ hello: Hello) -> HandshakeError {
        HandshakeError(
            .node,
            "\(server) is worker '\(name)', but \(hello.clientName) means '\(hello.target)'; correct names and "
                + "addresses in workers.yaml, or --name of that worker")
    }
}
