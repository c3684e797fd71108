// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterWire

/// The dialling side of a handshake, which proves itself first.
///
/// ```
/// idle --start--> helloReply --receive--> welcome --receive--> finished
/// ```
/// Whatever a peer sends at the wrong time or in the wrong form leads to `failed`, and stays there. The
/// connection's shell owns the deadline (`Limits.handshakeTimeout`).
package struct HandshakeClient: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        case send(Frame)
        /// The connection may be used.
        case finished(HandshakeSession)
        /// Close the connection.
        case failed(HandshakeError)
    }

    /// Which processes may answer.
    package struct Expectation: Equatable, Sendable {
        /// The one that is meant, if it is known.
        package var peerID: UInt64?
        /// The one that dials: nobody means itself.
        package var ownID: UInt64?

        package init(peerID: UInt64? = nil, ownID: UInt64? = nil) {
            self.peerID = peerID
            self.ownID = ownID
        }
    }

    private enum State: Equatable {
        case idle
        case awaitingReply
        case awaitingWelcome(HandshakeTranscript)
        case finished
        case failed(HandshakeError)
    }

    private let hello: Hello
    private let key: [UInt8]
    /// How messages name the server.
    private let peer: String
    private let expectation: Expectation
    private var state = State.idle

    /// - Parameters:
    ///   - hello: With a fresh nonce of 32 random bytes; `isKeyed` is set here.
    ///   - key: The cluster key; empty if there is none.
    ///   - versions: The protocol versions to offer.
    ///   - peer: who is dialled, for messages.
    package init(
        hello: Hello, key: [UInt8], versions: ClosedRange<UInt32> = ProtocolVersion.supported,
        peer: String = "the worker", expectation: Expectation = Expectation()
    ) {
        precondition(
            hello.nonce.count == Limits.nonceByteCount, "a nonce of \(hello.nonce.count) bytes in a Hello")
        var hello = hello
        hello.versionMin = versions.lowerBound
        hello.versionMax = versions.upperBound
        hello.isKeyed = !key.isEmpty
        self.hello = hello
        self.key = key
        self.peer = peer
        self.expectation = expectation
    }

    /// The first frame of the connection.
    package mutating func start() -> Frame {
        precondition(state == .idle, "HandshakeClient.start in state \(state)")
        state = .awaitingReply
        return Frame(hello)
    }

    package mutating func receive(_ frame: Frame) -> Action {
        do throws(HandshakeError) {
            if case .failed(let error) = state { throw error }
            if frame.type == .refusal { throw refusal(frame) }
            switch (state, frame.type) {
            case (.awaitingReply, .helloReply): return .send(try prove(after: read(frame)))
            case (.awaitingWelcome(let transcript), .welcome):
                return .finished(try finish(transcript, read(frame)))
            case (.awaitingReply, _): throw .unexpected(frame, from: peer, awaited: "helloReply")
            case (.awaitingWelcome, _): throw .unexpected(frame, from: peer, awaited: "welcome")
            case (.idle, _), (.finished, _), (.failed, _):
                throw .unexpected(frame, from: peer, awaited: "nothing")
            }
        } catch {
            state = .failed(error)
            return .failed(error)
        }
    }

    private func read<Message: ControlMessage>(_ frame: Frame) throws(HandshakeError) -> Message {
        do throws(WireError) {
            return try Message.decode(frame.payload)
        } catch {
            throw .undecodable(frame, from: peer, error)
        }
    }

    private mutating func prove(after reply: HelloReply) -> Frame {
        let transcript = HandshakeTranscript(hello: hello, nonce: reply.nonce)
        state = .awaitingWelcome(transcript)
        return Frame(Proof(proof: transcript.clientProof(key: key)))
    }

    private mutating func finish(
        _ transcript: HandshakeTranscript, _ welcome: Welcome
    ) throws(HandshakeError) -> HandshakeSession {
        guard transcript.isServerProof(in: welcome, key: key) else {
            throw .differentKeys(peer, hello.clientName)
        }
        let versions = hello.versionMin...hello.versionMax
        guard versions.contains(welcome.version) else {
            throw HandshakeError(
                .version,
                "\(peer) chose protocol version \(welcome.version), but \(hello.clientName) speaks "
                    + "\(versionText(versions)); install the same release on both machines")
        }
        guard welcome.cluster == hello.cluster else { throw .otherCluster(peer, welcome.cluster, hello) }
        try checkWhoAnswers(welcome)
        state = .finished
        return HandshakeSession(
            version: welcome.version, features: hello.features & welcome.features, role: hello.role,
            stage: hello.stage, session: hello.session, cluster: hello.cluster, peerNode: welcome.node,
            peerBuild: welcome.build,
            peerID: welcome.nodeID, isKeyed: hello.isKeyed, capabilities: welcome.capabilities)
    }

    private func checkWhoAnswers(_ welcome: Welcome) throws(HandshakeError) {
        guard welcome.nodeID != expectation.ownID else {
            throw HandshakeError(
                .node,
                "\(peer) cannot be reached from \(hello.clientName): the address leads back to \(hello.clientName) "
                    + "itself; give the worker an address that means the same on every machine")
        }
        guard welcome.node.isEmpty || hello.target.isEmpty || welcome.node == hello.target else {
            throw .otherNode(peer, isNamed: welcome.node, hello)
        }
        guard let peerID = expectation.peerID, peerID != welcome.nodeID else { return }
        let name = welcome.node.isEmpty ? "one without a name" : "worker '\(welcome.node)'"
        throw HandshakeError(
            .node,
            "at the address of \(peer) another process answers \(hello.clientName) than the one that was joined: "
                + "\(name); it was started anew, or its address means different machines to different members: "
                + "correct it in workers.yaml")
    }

    /// A refusal tells little of the server, which may not know yet whom it speaks with.
    private func refusal(_ frame: Frame) -> HandshakeError {
        do throws(WireError) {
            let refusal = try Refusal.decode(frame.payload)
            return HandshakeError(
                refusal.code,
                refusal.message.isEmpty
                    ? "\(peer) refuses the connection (\(refusal.code))" : "\(peer): \(refusal.message)")
        } catch {
            return .undecodable(frame, from: peer, error)
        }
    }
}

extension Hello {
    /// Only workers dial other workers' links, anybody examines; every other connection is a coordinator's.
    package var clientName: String {
        switch role {
        case .link: "worker '\(node)'"
        case .examine: "'\(node)'"
        default: "coordinator '\(node)'"
        }
    }
}

func versionText(_ versions: ClosedRange<UInt32>) -> String {
    versions.count == 1
        ? "version \(versions.lowerBound)" : "versions \(versions.lowerBound) to \(versions.upperBound)"
}
