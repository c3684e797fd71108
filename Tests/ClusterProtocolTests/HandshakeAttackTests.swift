// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import ClusterWire
import NIOCore
import TestSupport
import Testing

@Suite struct HandshakeAttackTests {
    /// A frame of every type, with the payload of an honest handshake where there is one.
    private func frames() -> [Frame] {
        var pair = HandshakePair()
        let honest = pair.run().sent
        let others = FrameType.allCases.filter { type in !honest.contains { $0.type == type } }
        return honest + [Frame(Refusal(code: .busy, message: "no"))] + others.map { Frame(type: $0) }
    }

    @Test func `the server survives every order of three events`() {
        let frames = frames()
        for first in frames {
            for second in frames {
                for third in frames {
                    var server = HandshakePair().server
                    let types = [first, second, third].map(\.type)
                    var wasRefused = false
                    for frame in [first, second, third] {
                        let action = server.receive(frame)
                        switch action {
                        case .refuse: if wasRefused { Issue.record("refused twice: \(types)") }
                        case .ignore: if !wasRefused { Issue.record("ignored: \(types)") }
                        case .askAdmission:
                            if types.prefix(2) != [.hello, .proof] { Issue.record("asked: \(types)") }
                        case .send: if types[0] != .hello { Issue.record("answered: \(types)") }
                        case .finished: Issue.record("finished unasked: \(types)")
                        }
                        if case .refuse = action { wasRefused = true }
                    }
                }
            }
        }
    }

    @Test func `the client survives every order of three events`() {
        let frames = frames()
        for isStarted in [true, false] {
            for first in frames {
                for second in frames {
                    for third in frames {
                        var client = HandshakePair().client
                        if isStarted { _ = client.start() }
                        let types = [first, second, third].map(\.type)
                        var failure: HandshakeError?
                        for frame in [first, second, third] {
                            switch client.receive(frame) {
                            case .failed(let error):
                                if let failure, failure != error { Issue.record("another error: \(types)") }
                                failure = error
                            case .finished:
                                if types.prefix(2) != [.helloReply, .welcome] || !isStarted {
                                    Issue.record("finished: \(types)")
                                }
                            case .send: if failure != nil { Issue.record("went on: \(types)") }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func `a changed frame never leads to an agreement on something else`() throws {
        var honestPair = HandshakePair()
        let honest = honestPair.run()
        let client = try #require(honest.client?.value)
        let server = try #require(honest.server?.value)
        var generator = SeededGenerator(seed: 5)
        var failureCount = 0
        for _ in 0..<10_000 {
            let target = Int(generator.next() % 4)
            var pair = HandshakePair()
            let outcome = pair.run { index, frame in
                guard index == target else { return frame }
                var payload = Array(buffer: frame.payload)
                for _ in 0...generator.next() % 2 where !payload.isEmpty {
                    payload[Int(generator.next() % UInt64(payload.count))] = UInt8(
                        truncatingIfNeeded: generator.next())
                }
                return (try? Frame(type: frame.type, stream: frame.stream, payload: payload)) ?? frame
            }
            // Capabilities are not proved; everything else is.
            if let agreed = outcome.client?.value, !agreed.equalsBesidesCapabilities(client) {
                Issue.record("client agreed to \(agreed)")
            }
            if let agreed = outcome.server?.value, agreed != server {
                Issue.record("server agreed to \(agreed)")
            }
            if outcome.client?.value == nil || outcome.server?.value == nil { failureCount += 1 }
        }
        #expect(failureCount > 5000)
    }

    @Test func `a recorded proof does not open another connection`() throws {
        var recorded = HandshakePair(serverNonce: 2)
        let sent = recorded.run().sent
        var server = HandshakePair(serverNonce: 3).server
        _ = server.receive(sent[0])
        guard case .refuse(_, let error) = server.receive(sent[2]) else {
            Issue.record("a replayed proof was taken")
            return
        }
        #expect(error.code == .key)
    }

    @Test func `a recorded reply does not convince another client`() throws {
        var recorded = HandshakePair(clientNonce: 1)
        let sent = recorded.run().sent
        var client = HandshakePair(clientNonce: 9).client
        _ = client.start()
        guard case .failed(let error) = client.receive(sent[1]) else {
            Issue.record("a replayed reply was taken")
            return
        }
        #expect(error.code == .key)
    }

    @Test func `the server's own proof does not come back as the client's`() throws {
        var pair = HandshakePair()
        let hello = pair.client.start()
        guard case .send(let frame) = pair.server.receive(hello) else {
            Issue.record("no reply")
            return
        }
        let reflected = Proof(proof: try HelloReply.decode(frame.payload).proof)
        guard case .refuse(_, let error) = pair.server.receive(Frame(reflected)) else {
            Issue.record("a reflected proof was taken")
            return
        }
        #expect(error.code == .key)
    }

    @Test func `the client's proof does not pass for the server's`() throws {
        var recorded = HandshakePair()
        let sent = recorded.run().sent
        var reply = try HelloReply.decode(sent[1].payload)
        reply.proof = try Proof.decode(sent[2].payload).proof
        var client = HandshakePair().client
        _ = client.start()
        guard case .failed(let error) = client.receive(Frame(reply)) else {
            Issue.record("a reflected proof was taken")
            return
        }
        #expect(error.code == .key)
    }

    @Test func `nobody makes a keyed client do without a key`() throws {
        var unkeyed = HandshakePair(clientKey: [], serverKey: [])
        let reply = unkeyed.run().sent[1]
        var client = HandshakePair().client
        _ = client.start()
        guard case .failed(let error) = client.receive(reply) else {
            Issue.record("a keyed client accepted a server without a key")
            return
        }
        #expect(error.code == .key)
        #expect(error.message.contains("worker 'a' has no cluster key"))
    }

    @Test(arguments: [0, 2, .max] as [UInt32])
    func `a version that was not offered is refused by the client`(version: UInt32) throws {
        var pair = HandshakePair()
        let outcome = pair.run { index, frame in
            guard index == 1, var reply = try? HelloReply.decode(frame.payload) else { return frame }
            reply.version = version
            return Frame(reply)
        }
        #expect(outcome.client?.error?.code == .version)
    }

    @Test func `a refusal without words still says who refuses`() {
        var client = HandshakePair().client
        _ = client.start()
        guard case .failed(let error) = client.receive(Frame(Refusal(code: .limit, message: ""))) else {
            Issue.record("a refusal was taken for something else")
            return
        }
        #expect(error.code == .limit)
        #expect(error.message.contains("the worker"))
    }
}

extension HandshakeSession {
    fileprivate func equalsBesidesCapabilities(_ other: HandshakeSession) -> Bool {
        version == other.version && features == other.features && role == other.role
            && session == other.session
            && cluster == other.cluster && peerNode == other.peerNode && peerBuild == other.peerBuild
            && isKeyed == other.isKeyed
    }
}
