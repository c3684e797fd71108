// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterProtocol
package import ClusterWire

extension Hello {
    /// A greeting with a fresh nonce.
    package init(cluster: String, node: String, role: ConnectionRole, session: UInt64) {
        self.init(
            build: Build.name, cluster: cluster, node: node, role: role, session: session,
            nonce: FrameConnection.nonce())
    }
}

extension FrameConnection {
    /// Shakes hands as the side that dialled.
    ///
    /// - Throws: ``HandshakeError`` naming both sides; ``TransportError`` when the peer closes, or is silent for
    ///   `duration`. The connection is as it was then: ``PeerDialer`` closes it.
    package func shakeHands(
        _ hello: Hello, key: [UInt8], within duration: Duration = Limits.handshakeTimeout
    ) async throws -> HandshakeSession {
        var handshake = HandshakeClient(hello: hello, key: key, address: peer)
        send(handshake.start())
        while true {
            switch handshake.receive(try await next(within: duration)) {
            case .send(let frame): send(frame)
            case .finished(let session):
                trustPeer()
                return session
            case .failed(let error): throw error
            }
        }
    }

    /// Shakes hands as the side that listens; `admit` is asked once the peer has proved itself.
    ///
    /// - Returns: what both sides know of each other now.
    /// - Throws: ``HandshakeError`` after the peer has been told; ``TransportError`` when it closes or is silent.
    package func acceptHandshake(
        identity: HandshakeIdentity, capabilities: Capabilities, key: [UInt8],
        admit: (Hello) async -> HandshakeServer.Admission
    ) async throws -> HandshakeSession {
        var handshake = HandshakeServer(
            identity: identity, key: key, nonce: Self.nonce(), capabilities: capabilities)
        var frame = try await firstFrame()
        while true {
            var action = handshake.receive(frame)
            if case .askAdmission(let hello) = action { action = handshake.admit(await admit(hello)) }
            switch action {
            case .send(let frame):
                send(frame)
            case .finished(let frame, let session):
                // Before the welcome, which the peer may answer with its largest frame.
                trustPeer()
                send(frame)
                return session
            case .refuse(let frame, let error):
                try await sendFlushed(frame, within: Limits.handshakeTimeout)
                throw error
            case .ignore, .askAdmission:
                throw TransportError(.violation, "\(peer) went on after it was refused")
            }
            frame = try await next(within: Limits.handshakeTimeout)
        }
    }

    private func firstFrame() async throws -> Frame {
        do {
            return try await next(within: Limits.handshakeTimeout)
        } catch let error as TransportError where [.closed, .deadline].contains(error.code) {
            throw TransportError(.silent, error.message)
        }
    }

    static func nonce() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<Limits.nonceByteCount).map { _ in random.next() }
    }
}
