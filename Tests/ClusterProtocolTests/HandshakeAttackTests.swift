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

    @Test func `a recorded welcome does not convince another client`() throws {
        var recorded = HandshakePair(clientNonce: 1)
        let sent = recorded.run().sent
        var client = HandshakePair(clientNonce: 9).client
        _ = client.start()
        _ = client.receive(sent[1])
        guard case .failed(let error) = client.receive(sent[3]) else {
            Issue.record("a replayed welcome was taken")
            return
        }
        #expect(error.code == .key)
    }

    @Test func `the client's own proof does not come back as the server's`() throws {
        var recorded = HandshakePair()
        let sent = recorded.run().sent
        var welcome = try Welcome.decode(sent[3].payload)
        welcome.proof = try Proof.decode(sent[2].payload).proof
        var client = HandshakePair().client
        _ = client.start()
        _ = client.receive(sent[1])
        guard case .failed(let error) = client.receive(Frame(welcome)) else {
            Issue.record("a reflected proof was taken")
            return
        }
        #expect(error.code == .key)
    }

    @Test func `a proof that an impostor was given opens no other worker, in no other role`() throws {
        // The impostor stands at the address of 'b' and hands on what it gets, as it likes.
        var client = HandshakePair(target: "b").client
        let hello = try Hello.decode(client.start().payload)
        for change in [
            { $0.target = "a" }, { $0.target = "" }, { $0.role = .steps }, { $0.session = 43 },
            { $0.stage = 0 },
        ]
            as [(inout Hello) -> Void]
        {
            var server = HandshakePair().server
            var told = hello
            told.target = "a"
            change(&told)
            guard case .send(let reply) = server.receive(Frame(told)) else {
                Issue.record("no number")
                return
            }
            var copy = client
            guard case .send(let proof) = copy.receive(reply) else {
                Issue.record("no proof")
                return
            }
            guard case .refuse(_, let error) = server.receive(proof) else {
                Issue.record("a relayed proof was taken")
                return
            }
            #expect(error.code == .key)
        }
    }

    @Test func `nobody makes a keyed client do without a key`() throws {
        var unkeyed = HandshakePair(clientKey: [], serverKey: [])
        let sent = unkeyed.run().sent
        var client = HandshakePair().client
        _ = client.start()
        _ = client.receive(sent[1])
        guard case .failed(let error) = client.receive(sent[3]) else {
            Issue.record("a keyed client accepted a server without a key")
            return
        }
        #expect(error.code == .key)
        #expect(error.message.contains("worker a (10.0.0.1:7101) does not hold the cluster key"))
    }

    @Test(arguments: [0, 2, .max] as [UInt32])
    func `a version that is altered on the way is not agreed on`(version: UInt32) throws {
        var pair = HandshakePair()
        let outcome = pair.run { index, frame in
            guard index == 3, var welcome = try? Welcome.decode(frame.payload) else { return frame }
            welcome.version = version
            return Frame(welcome)
        }
        #expect(outcome.client?.error?.code == .key)
    }

    @Test func `a refusal without words still says who refuses`() {
        var client = HandshakePair().client
        _ = client.start()
        guard case .failed(let error) = client.receive(Frame(Refusal(code: .limit, message: ""))) else {
            Issue.record("a refusal was taken for something else")
            return
        }
        #expect(error.code == .limit)
        #expect(error.message.contains("worker a"))
    }
}

extension HandshakeSession {
    fileprivate func equalsBesidesCapabilities(_ other: HandshakeSession) -> Bool {
        version == other.version && features == other.features && role == other.role
            && session == other.session
            && cluster == other.cluster && peerNode == other.peerNode && peerID == other.peerID
            && peerBuild == other.peerBuild
            && isKeyed == other.isKeyed
    }
}
