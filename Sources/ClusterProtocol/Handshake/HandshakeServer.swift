// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterWire

/// Who the accepting side of a handshake is.
package struct HandshakeIdentity: Equatable, Sendable {
    /// How messages name this side.
    package var node: String
    /// Whether an operator has given it that name, which a client must mean then.
    package var isNamed: Bool
    /// Drawn at random when the process started; never 0.
    package var id: UInt64
    /// `nil` while the worker belongs to no cluster; it adopts the first one that is admitted.
    package var cluster: String?
    package var build: String
    package var features: UInt64
    package var versions: ClosedRange<UInt32>

    package init(
        node: String, isNamed: Bool = true, id: UInt64, cluster: String?, build: String,
        features: UInt64 = 0, versions: ClosedRange<UInt32> = ProtocolVersion.supported
    ) {
        precondition(id != 0, "an identity without a number")
        self.node = node
        self.isNamed = isNamed
        self.id = id
        self.cluster = cluster
        self.build = build
        self.features = features
        self.versions = versions
    }

    /// A number by which a process is told from others.
    package static func randomID() -> UInt64 { .random(in: 1 ... .max) }
}

/// The accepting side of a handshake.
///
/// ```
/// hello --receive--> proof --receive--> admission --admit--> finished
/// ```
/// Until the client has proved that it holds the key it learns a random number, and nothing of this side; admission is
/// asked after that, so that nobody else makes the worker adopt a cluster. Whatever a peer sends at the wrong time or
/// in the wrong form is refused once; later frames are ignored.
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
        case awaitingProof(HandshakeTranscript)
        case awaitingAdmission(HandshakeTranscript)
        case finished
        case refused
    }

    private let identity: HandshakeIdentity
    private let key: [UInt8]
    private let nonce: [UInt8]
    private let capabilities: Capabilities?
    private let mustEncrypt: Bool
    private var state = State.awaitingHello

    /// - Parameters:
    ///   - identity: Who this side is.
    ///   - key: The cluster key; empty if there is none.
    ///   - nonce: 32 random bytes, fresh for this connection.
    ///   - capabilities: Sent on control connections only.
    ///   - mustEncrypt: The connection is not encrypted, but would have to be.
    package init(
        identity: HandshakeIdentity, key: [UInt8], nonce: [UInt8], capabilities: Capabilities? = nil,
        mustEncrypt: Bool = false
    ) {
        precondition(nonce.count == Limits.nonceByteCount, "a nonce of \(nonce.count) bytes")
        self.identity = identity
        self.key = key
        self.nonce = nonce
        self.capabilities = capabilities
        self.mustEncrypt = mustEncrypt
    }

    package mutating func receive(_ frame: Frame) -> Action {
        do throws(HandshakeError) {
            switch (state, frame.type) {
            case (.refused, _): return .ignore
            case (.awaitingHello, .hello): return .send(try answer(try read(frame, from: "the client")))
            case (.awaitingProof(let transcript), .proof):
                try verify(try read(frame, from: transcript.hello.clientName), transcript)
                state = .awaitingAdmission(transcript)
                return .askAdmission(transcript.hello)
            case (.awaitingHello, _):
                throw .unexpected(frame, from: "the client", awaited: "hello")
            case (.awaitingProof(let transcript), _):
                throw .unexpected(frame, from: transcript.hello.clientName, awaited: "proof")
            case (.awaitingAdmission(let transcript), _):
                throw .unexpected(
                    frame, from: transcript.hello.clientName, awaited: "nothing before welcome")
            case (.finished, _):
                throw .unexpected(frame, from: "the client", awaited: "nothing")
            }
        } catch {
            return refuse(error)
        }
    }

    /// The answer to `.askAdmission`; ignored if the client has broken the protocol meanwhile.
    package mutating func admit(_ admission: Admission) -> Action {
        guard case .awaitingAdmission(let transcript) = state else { return .ignore }
        switch admission {
        case .refused(let code, let message):
            return refuse(HandshakeError(code, message))
        case .admitted:
            state = .finished
            let hello = transcript.hello
            var welcome = Welcome(
                version: version(for: hello) ?? hello.versionMax, features: identity.features,
                build: identity.build, cluster: hello.cluster, node: identity.isNamed ? identity.node : "",
                nodeID: identity.id, proof: [],
                capabilities: hello.role == .control ? capabilities : nil)
            welcome.proof = transcript.serverProof(welcome, key: key)
            let session = HandshakeSession(
                version: welcome.version, features: hello.features & welcome.features, role: hello.role,
                stage: hello.stage, session: hello.session, cluster: hello.cluster, peerNode: hello.node,
                peerBuild: hello.build,
                peerID: 0, isKeyed: hello.isKeyed, capabilities: nil)
            return .finished(Frame(welcome), session)
        }
    }

    private mutating func refuse(_ error: HandshakeError) -> Action {
        state = .refused
        return .refuse(Frame(Refusal(code: error.code, message: error.message)), error)
    }

    private func read<Message: ControlMessage>(
        _ frame: Frame, from client: String
    ) throws(HandshakeError) -> Message {
        do throws(WireError) {
            return try Message.decode(frame.payload)
        } catch {
            throw .undecodable(frame, from: client, error)
        }
    }

    private func version(for hello: Hello) -> UInt32? {
        let version = min(hello.versionMax, identity.versions.upperBound)
        return version >= max(hello.versionMin, identity.versions.lowerBound) ? version : nil
    }

    /// Says no more than that this side is another one, if it cannot go on: the client has proved nothing.
    private mutating func answer(_ hello: Hello) throws(HandshakeError) -> Frame {
        guard version(for: hello) != nil else {
            throw HandshakeError(
                .version,
                "\(Self.anonymous) does not speak protocol "
                    + "\(versionText(hello.versionMin...hello.versionMax)) of \(hello.clientName) "
                    + "(\(hello.build)); install the same release on both machines")
        }
        guard hello.isKeyed == !key.isEmpty else {
            throw hello.isKeyed
                ? .oneKey(holder: hello.clientName, other: Self.anonymous)
                : .oneKey(holder: Self.anonymous, other: hello.clientName)
        }
        guard !mustEncrypt else { throw .plain(Self.anonymous, hello) }
        state = .awaitingProof(HandshakeTranscript(hello: hello, nonce: nonce))
        return Frame(HelloReply(nonce: nonce))
    }

    /// From here on the client is told who this is.
    private func verify(_ proof: Proof, _ transcript: HandshakeTranscript) throws(HandshakeError) {
        let hello = transcript.hello
        guard transcript.isClientProof(proof.proof, key: key) else {
            throw .differentKeys(hello.clientName, Self.anonymous)
        }
        if let cluster = identity.cluster, cluster != hello.cluster {
            throw .otherCluster("worker '\(identity.node)'", cluster, hello)
        }
        guard !identity.isNamed || hello.target.isEmpty || hello.target == identity.node else {
            throw .otherNode("this", isNamed: identity.node, hello)
        }
    }

    /// How this side calls itself before it knows whom it speaks with.
    private static let anonymous = "the worker at this address"
}
