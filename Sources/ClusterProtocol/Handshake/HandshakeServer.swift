// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterWire

/// Who the accepting side of a handshake is.
package struct HandshakeIdentity: Equatable, Sendable {
    package var node: String
    /// `nil` while the worker belongs to no cluster; it adopts the first one that is admitted.
    package var cluster: String?
    package var build: String
    package var features: UInt64
    package var versions: ClosedRange<UInt32>

    package init(
        node: String, cluster: String?, build: String, features: UInt64 = 0,
        versions: ClosedRange<UInt32> = ProtocolVersion.supported
    ) {
        self.node = node
        self.cluster = cluster
        self.build = build
        self.features = features
        self.versions = versions
    }
}

/// The accepting side of a handshake.
///
/// ```
/// hello --receive--> proof --receive--> admission --admit--> finished
/// ```
/// Admission is asked only for a client that has proved that it holds the key, so that nobody else learns
/// what the worker does or makes it adopt a cluster. Whatever a peer sends at the wrong time or in the wrong
/// form is refused once; later frames are ignored.
package struct HandshakeServer: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        case send(Frame)
        /// Decide whether this client may connect now, then call ``HandshakeServer/admit(_:)``.
        case askAdmission(Hello)
        /// Send the frame; the connection may be used.
        case finished(Frame, HandshakeSession)
        /// Send the frame, then close the connection.
        case refuse(Frame, HandshakeError)
        /// The connection is already refused.
        case ignore
    }

    /// The owner's answer to ``Action/askAdmission(_:)``.
    package enum Admission: Equatable, Sendable {
        case admitted
        case refused(RefusalCode, message: String)
    }

    private enum State: Equatable {
        case awaitingHello
        case awaitingProof(Hello, HelloReply)
        case awaitingAdmission(Hello, HelloReply)
        case finished
        case refused
    }

    private let identity: HandshakeIdentity
    private let key: [UInt8]
    private let nonce: [UInt8]
    private let capabilities: Capabilities?
    private var state = State.awaitingHello

    /// - Parameters:
    ///   - identity: Who this side is.
    ///   - key: The cluster key; empty if there is none.
    ///   - nonce: 32 random bytes, fresh for this connection.
    ///   - capabilities: Sent on control connections only.
    package init(
        identity: HandshakeIdentity, key: [UInt8], nonce: [UInt8], capabilities: Capabilities? = nil
    ) {
        precondition(nonce.count == Limits.nonceByteCount, "a nonce of \(nonce.count) bytes")
        self.identity = identity
        self.key = key
        self.nonce = nonce
        self.capabilities = capabilities
    }

    package mutating func receive(_ frame: Frame) -> Action {
        do throws(HandshakeError) {
            switch (state, frame.type) {
            case (.refused, _): return .ignore
            case (.awaitingHello, .hello): return .send(try answer(try readHello(frame)))
            case (.awaitingProof(let hello, let reply), .proof):
                try verify(frame, hello, reply)
                state = .awaitingAdmission(hello, reply)
                return .askAdmission(hello)
            case (.awaitingHello, _):
                throw .unexpected(frame, from: "the client", awaited: "hello")
            case (.awaitingProof(let hello, _), _):
                throw .unexpected(frame, from: hello.clientName, awaited: "proof")
            case (.awaitingAdmission(let hello, _), _):
                throw .unexpected(frame, from: hello.clientName, awaited: "nothing before welcome")
            case (.finished, _):
                throw .unexpected(frame, from: "the client", awaited: "nothing")
            }
        } catch {
            return refuse(error)
        }
    }

    /// The answer to `.askAdmission`; ignored if the client has broken the protocol meanwhile.
    package mutating func admit(_ admission: Admission) -> Action {
        guard case .awaitingAdmission(let hello, let reply) = state else { return .ignore }
        switch admission {
        case .refused(let code, let message):
            return refuse(HandshakeError(code, message))
        case .admitted:
            state = .finished
            let session = HandshakeSession(
                version: reply.version, features: hello.features & reply.features, role: hello.role,
                session: hello.session, cluster: hello.cluster, peerNode: hello.node, peerBuild: hello.build,
                isKeyed: hello.isKeyed, capabilities: nil)
            return .finished(Frame(Welcome()), session)
        }
    }

    private mutating func refuse(_ error: HandshakeError) -> Action {
        state = .refused
        return .refuse(Frame(Refusal(code: error.code, message: error.message)), error)
    }

    private func readHello(_ frame: Frame) throws(HandshakeError) -> Hello {
        do throws(WireError) {
            return try Hello.decode(frame.payload)
        } catch {
            throw .undecodable(frame, from: "the client", error)
        }
    }

    private mutating func answer(_ hello: Hello) throws(HandshakeError) -> Frame {
        let version = min(hello.versionMax, identity.versions.upperBound)
        guard version >= max(hello.versionMin, identity.versions.lowerBound) else {
            throw HandshakeError(
                .version,
                "\(name) (\(identity.build)) speaks protocol \(versionText(identity.versions)), but "
                    + "\(hello.clientName) (\(hello.build)) "
                    + "\(versionText(hello.versionMin...hello.versionMax)); "
                    + "install the same release on both machines")
        }
        if let cluster = identity.cluster, cluster != hello.cluster {
            throw HandshakeError(
                .cluster,
                "\(name) belongs to cluster '\(cluster)', \(hello.clientName) to '\(hello.cluster)'; "
                    + "correct 'cluster' in workers.yaml or use another worker")
        }
        guard hello.isKeyed == !key.isEmpty else {
            throw hello.isKeyed
                ? .oneKey(holder: hello.clientName, other: name)
                : .oneKey(holder: name, other: hello.clientName)
        }
        var reply = HelloReply(
            version: version, features: identity.features, build: identity.build,
            cluster: identity.cluster ?? "", node: identity.node, nonce: nonce, proof: [],
            capabilities: hello.role == .control ? capabilities : nil, isKeyed: !key.isEmpty)
        reply.proof = HandshakeTranscript(hello: hello, reply: reply).proof(by: .server, key: key)
        state = .awaitingProof(hello, reply)
        return Frame(reply)
    }

    private func verify(_ frame: Frame, _ hello: Hello, _ reply: HelloReply) throws(HandshakeError) {
        let proof: Proof
        do throws(WireError) {
            proof = try Proof.decode(frame.payload)
        } catch {
            throw .undecodable(frame, from: hello.clientName, error)
        }
        let transcript = HandshakeTranscript(hello: hello, reply: reply)
        guard transcript.isValid(proof.proof, by: .client, key: key) else {
            throw .differentKeys(hello.clientName, name)
        }
    }

    private var name: String { "worker '\(identity.node)'" }
}
