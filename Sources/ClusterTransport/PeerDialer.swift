// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterProtocol
package import ClusterWire

/// Opens connections on behalf of one node of a session.
package struct PeerDialer: Sendable {
    package let network: Network
    package let cluster: String
    /// How this node calls itself.
    package let node: String
    package let session: UInt64
    /// Which process this is, if others can dial it: it must not reach itself.
    private let ownID: UInt64?
    private let credentials: Credentials
    private let handshakeTimeout: Duration

    /// - Parameters:
    ///   - ownID: what this process answers with as a worker.
    ///   - credentials: The node's.
    ///   - handshakeTimeout: Silence of a peer that ends the handshake.
    package init(
        network: Network, cluster: String, node: String, session: UInt64, ownID: UInt64? = nil,
        credentials: Credentials = .none,
        handshakeTimeout: Duration = Limits.handshakeTimeout
    ) {
        self.network = network
        self.cluster = cluster
        self.node = node
        self.session = session
        self.ownID = ownID
        self.credentials = credentials
        self.handshakeTimeout = handshakeTimeout
    }

    /// Connects to `address` and shakes hands.
    ///
    /// Nothing stays open of what fails or is cancelled.
    ///
    /// - Parameters:
    ///   - peer: who listens there, for messages.
    ///   - target: the worker that is meant, by name; empty if any will do.
    ///   - peerID: the process that is meant, if it is known.
    ///   - stage: the worker's stage that is meant, if it has several.
    /// - Returns: the connection, which the caller closes, and who answered.
    /// - Throws: ``TransportError`` (`.unreachable` is worth another try), ``HandshakeError`` (`.node` if another one
    ///   answers), `CancellationError`.
    package func connect(
        _ role: ConnectionRole, to address: String, peer: String, target: String = "", peerID: UInt64? = nil,
        stage: Int? = nil
    ) async throws -> (connection: FrameConnection, peer: HandshakeSession) {
        try Task.checkCancellation()
        let connection = try await network.connect(to: address, peer: peer, with: credentials)
        let hello = Hello(
            cluster: cluster, node: node, role: role, session: session, target: target,
            stage: stage)
        do {
            let answer = try await connection.closingOnCancellation {
                let answer = try await connection.shakeHands(
                    hello, key: credentials.key, expecting: .init(peerID: peerID, ownID: ownID),
                    within: handshakeTimeout)
                try await connection.checkCertificate(of: peer, named: target, credentials)
                return answer
            }
            return (connection, answer)
        } catch let error as TransportError where error.code == .foreign && !credentials.key.isEmpty {
            connection.close()
            throw HandshakeError.differentKeys(hello.clientName, peer)
        } catch let error as TransportError where error.code == .plain {
            connection.close()
            throw HandshakeError.notEncrypted(peer, hello)
        } catch {
            connection.close()
            throw error
        }
    }

    /// Connects to `address`, shakes hands, runs `body`, and closes, whatever happens; cancellation closes at once.
    package func withConnection<Result>(
        _ role: ConnectionRole, to address: String, peer: String, target: String = "",
        peerID: UInt64? = nil,
        _ body: (FrameConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await connect(
            role, to: address, peer: peer, target: target, peerID: peerID
        ).connection
        defer { connection.close() }
        return try await connection.closingOnCancellation { try await body(connection) }
    }
}

extension FrameConnection {
    /// Runs `body`, which a cancellation ends at once, for the connection is closed then.
    ///
    /// - Throws: `CancellationError` once the task is cancelled, even if `body` came to its end.
    fileprivate func closingOnCancellation<Result>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await withTaskCancellationHandler {
            do {
                let result = try await body()
                try Task.checkCancellation()
                return result
            } catch {
                // What broke then broke because of it.
                try Task.checkCancellation()
                throw error
            }
        } onCancel: {
            close()
        }
    }
}
