// SPDX-License-Identifier: MIT
import BitNetCore
package import ClusterProtocol
package import ClusterWire
import NIOCore

extension Hello {
    /// A greeting with a fresh nonce.
    ///
    /// - Parameters:
    ///   - target: the worker that is meant, by name; empty if any will do.
    ///   - stage: the worker's stage that is meant, if it has several.
    package init(
        cluster: String, node: String, role: ConnectionRole, session: UInt64, target: String = "",
        stage: Int? = nil
    ) {
        self.init(
            build: Build.name, cluster: cluster, node: node, role: role, session: session,
            nonce: FrameConnection.nonce(), target: target, stage: stage)
    }
}

extension FrameConnection {
    /// Shakes hands as the side that dialled.
    ///
    /// - Throws: ``HandshakeError`` naming both sides; ``TransportError`` when the peer closes, or is silent for
    ///   `duration`; `CancellationError`. The connection is as it was then: ``PeerDialer`` closes it.
    package func shakeHands(
        _ hello: Hello, key: [UInt8], expecting expectation: HandshakeClient.Expectation = .init(),
        within duration: Duration = Limits.handshakeTimeout
    ) async throws -> HandshakeSession {
        var handshake = HandshakeClient(hello: hello, key: key, peer: peer, expectation: expectation)
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
    /// - Throws: ``HandshakeError`` after the peer has been told; ``TransportError`` when it closes or is silent, with
    ///   code `unspoken` if it never began.
    package func acceptHandshake(
        identity: HandshakeIdentity, capabilities: Capabilities, credentials: Credentials = .none,
        admit: (Hello) async -> HandshakeServer.Admission
    ) async throws -> HandshakeSession {
        var frame = try await greeting()
        var handshake = HandshakeServer(
            identity: identity, key: credentials.key, nonce: Self.nonce(), capabilities: capabilities,
            mustEncrypt: !credentials.isPlain && !isEncrypted)
        while true {
            // Whoever encrypts was bounded, and has proved itself, before it could say a word.
            if frame.type == .proof, !isEncrypted { try await untilProofMayBeChecked() }
            var action = handshake.receive(frame)
            if case .askAdmission(let hello) = action {
                action = handshake.admit(try await admission(of: hello, credentials, admit))
            }
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

    private func admission(
        of hello: Hello, _ credentials: Credentials, _ admit: (Hello) async -> HandshakeServer.Admission
    ) async throws -> HandshakeServer.Admission {
        guard pass?.proved() ?? true else { return Self.full }
        do {
            try await checkCertificate(of: hello, credentials)
        } catch let error as HandshakeError {
            return .refused(error.code, message: error.message)
        }
        return await admit(hello)
    }

    /// The first frame: whoever looks only whether somebody listens sends none.
    private func greeting() async throws -> Frame {
        do {
            let frame = try await next(within: Limits.handshakeTimeout)
            pass?.spoke()
            return frame
        } catch let error as TransportError where error.code == .closed || error.code == .deadline {
            throw TransportError(.unspoken, "\(peer) connected, but did not say what for")
        }
    }

    private func untilProofMayBeChecked() async throws {
        guard let pass else { return }
        let deadline = ContinuousClock.now + Limits.handshakeTimeout
        while !pass.mayBeChecked {
            guard channel.isActive, .now < deadline else {
                throw TransportError(.refused, "\(peer): too many proofs were wrong that came from there")
            }
            try await Task.sleep(for: Limits.proofRetryInterval)
        }
    }

    private static let full = HandshakeServer.Admission.refused(
        .limit,
        message: "\(Limits.connectionsMax) connections are open there already; close some, or try again later"
    )

    static func nonce() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<Limits.nonceByteCount).map { _ in random.next() }
    }
}
