// SPDX-License-Identifier: MIT

package import ClusterWire

/// What both sides of a connection know once the handshake is over.
package struct HandshakeSession: Equatable, Sendable {
    /// The protocol version that both speak.
    package let version: UInt32
    /// The abilities that both have.
    package let features: UInt64
    package let role: ConnectionRole
    /// The stage that the client means, if it says so.
    package let stage: Int?
    /// Ties the connections of one assignment together.
    package let session: UInt64
    package let cluster: String
    /// The peer's name; empty for a worker that was given none.
    package let peerNode: String
    package let peerBuild: String
    /// Which process answered, on the client's side; 0 on the server's.
    package let peerID: UInt64
    /// Whether the peer proved that it holds a key, rather than that it has none.
    package let isKeyed: Bool
    /// The server's, on the client's side of a control connection.
    package let capabilities: Capabilities?
}
