// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterWire

/// The dialling side of a handshake.
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

    private enum State: Equatable {
        case idle
        case awaitingReply
        case awaitingWelcome(HelloReply)
        case finished
        case failed(HandshakeError)
    }

    private let hello: Hello
    private let key: [UInt8]
    /// How messages name the server before it has said its name.
    private let address: String
    private var state = State.idle

    /// - Parameters:
    ///   - hello: With a fresh nonce of 32 random bytes; `isKeyed` is set here.
    ///   - key: The cluster key; empty if there is none.
    ///   - versions: The protocol versions to offer.
    ///   - address: host:port that is dialled, for messages.
    package init(
        hello: Hello, key: [UInt8], versions: ClosedRange<UInt32> = ProtocolVersion.supported,
        address: String = "the worker"
    ) {
        precondition(
            hello.nonce.count == Limits.nonceByteCount, "a nonce of \(hello.nonce.count) bytes in a Hello")
        var hello = hello
        hello.versionMin = versions.lowerBound
        hello.versionMax = versions.upperBound
        hello.isKeyed = !key.isEmpty
        self.hello = hello
        self.key = key
        self.address = address
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
            case (.awaitingReply, .helloReply): return .send(try prove(try readReply(frame)))
            case (.awaitingWelcome(let reply), .welcome): return .finished(try finish(reply, frame))
            case (.awaitingReply, _):
                throw .unexpected(frame, from: serverName, awaited: "helloReply")
            case (.awaitingWelcome, _):
                throw .unexpected(frame, from: serverName, awaited: "welcome")
            case (.idle, _), (.finished, _), (.failed, _):
                throw .unexpected(frame, from: serverName, awaited: "nothing")
            }
        } catch {
            state = .failed(error)
            return .failed(error)
        }
    }

    private mutating func prove(_ reply: HelloReply) throws(HandshakeError) -> Frame {
        let transcript = HandshakeTranscript(hello: hello, reply: reply)
        guard transcript.isValid(reply.proof, by: .server, key: key) else {
            throw .differentKeys(name(of: reply), hello.clientName)
        }
        state = .awaitingWelcome(reply)
        return Frame(Proof(proof: transcript.proof(by: .client, key: key)))
    }

    private func readReply(_ frame: Frame) throws(HandshakeError) -> HelloReply {
        let reply: HelloReply
        do throws(WireError) {
            reply = try HelloReply.decode(frame.payload)
        } catch {
            throw .undecodable(frame, from: serverName, error)
        }
        guard (hello.versionMin...hello.versionMax).contains(reply.version) else {
            throw HandshakeError(
                .version,
                "\(name(of: reply)) chose protocol version \(reply.version), but \(hello.clientName) speaks "
                    + "\(versionText(hello.versionMin...hello.versionMax)); "
                    + "install the same release on both machines")
        }
        guard reply.cluster.isEmpty || reply.cluster == hello.cluster else {
            throw HandshakeError(
                .cluster,
                "\(name(of: reply)) belongs to cluster '\(reply.cluster)', \(hello.clientName) to "
                    + "'\(hello.cluster)'; correct 'cluster' in workers.yaml or use another worker")
        }
        guard reply.isKeyed == hello.isKeyed else {
            throw reply.isKeyed
                ? .oneKey(holder: name(of: reply), other: hello.clientName)
                : .oneKey(holder: hello.clientName, other: name(of: reply))
        }
        return reply
    }

    private mutating func finish(
        _ reply: HelloReply, _ frame: Frame
    ) throws(HandshakeError) -> HandshakeSession {
        do throws(WireError) {
            _ = try Welcome.decode(frame.payload)
        } catch {
            throw .undecodable(frame, from: name(of: reply), error)
        }
        state = .finished
        return HandshakeSession(
            version: reply.version, features: hello.features & reply.features, role: hello.role,
            session: hello.session, cluster: hello.cluster, peerNode: reply.node, peerBuild: reply.build,
            isKeyed: hello.isKeyed, capabilities: reply.capabilities)
    }

    private func refusal(_ frame: Frame) -> HandshakeError {
        do throws(WireError) {
            let refusal = try Refusal.decode(frame.payload)
            return HandshakeError(
                refusal.code,
                refusal.message.isEmpty
                    ? "\(serverName) refuses the connection (\(refusal.code))" : refusal.message)
        } catch {
            return .undecodable(frame, from: serverName, error)
        }
    }

    private var serverName: String {
        if case .awaitingWelcome(let reply) = state { return name(of: reply) }
        return address
    }

    private func name(of reply: HelloReply) -> String { "worker '\(reply.node)'" }
}

extension Hello {
    /// Only workers dial other workers' links, anybody examines; every other connection is a coordinator's.
    var clientName: String {
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
