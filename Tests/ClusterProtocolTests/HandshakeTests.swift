// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterProtocol
import ClusterWire
import NIOCore
import Testing

@Suite struct HandshakeTests {
    @Test(arguments: ConnectionRole.allCases)
    func `both sides agree`(role: ConnectionRole) throws {
        var pair = HandshakePair(role: role)
        let outcome = pair.run()
        let client = try #require(outcome.client?.value)
        let server = try #require(outcome.server?.value)
        #expect(client.version == 1 && server.version == 1)
        #expect(client.features == 0b0010 && server.features == 0b0010)
        #expect(client.role == role && server.role == role)
        #expect(client.session == 42 && server.session == 42)
        #expect(client.peerNode == "a" && server.peerNode == "boss")
        #expect(client.peerID == HandshakePair.serverID)
        #expect(client.peerBuild == "0.2.0" && server.peerBuild == "0.1.0")
        #expect(client.isKeyed && server.isKeyed)
        #expect(client.capabilities == (role == .control ? HandshakePair.capabilities : nil))
        #expect(outcome.sent.map(\.type) == [.hello, .helloReply, .proof, .welcome])
    }

    @Test func `no key on both sides is allowed and known`() throws {
        var pair = HandshakePair(clientKey: [], serverKey: [])
        let outcome = pair.run()
        #expect(try #require(outcome.client?.value).isKeyed == false)
        #expect(try #require(outcome.server?.value).isKeyed == false)
    }

    @Test(arguments: [
        (true, "worker a (10.0.0.1:7101): the worker at this address has no cluster key"),
        (false, "coordinator 'boss' has no cluster key"),
    ])
    func `a key on one side is refused with the side that lacks it`(isClients: Bool, text: String) throws {
        var pair = HandshakePair(
            clientKey: isClients ? HandshakePair.key : [], serverKey: isClients ? [] : HandshakePair.key)
        let outcome = pair.run()
        let error = try #require(outcome.client?.error)
        #expect(error.code == .key)
        #expect(error.message.contains(text))
        #expect(outcome.server?.error?.code == .key)
        #expect(outcome.sent.map(\.type) == [.hello, .refusal])
    }

    @Test func `different keys are found by the server, which proves nothing then`() throws {
        var pair = HandshakePair(serverKey: [1])
        let outcome = pair.run()
        let error = try #require(outcome.client?.error)
        #expect(error.code == .key)
        #expect(error.message.contains("worker a (10.0.0.1:7101)") && error.message.contains("same key file"))
        #expect(outcome.sent.map(\.type) == [.hello, .helloReply, .proof, .refusal])
    }

    @Test func `a client that has proved nothing learns a number and nothing else`() throws {
        // Whatever it says of itself, right or wrong, it sees no name, build, cluster or figure of the worker.
        let secrets = ["0.2.0", "secret", "avx2", "'a'"].map { Array($0.utf8) }
        for pair in [
            HandshakePair(clientKey: [1], serverCluster: "secret"),
            HandshakePair(clientKey: [], serverCluster: "secret"),
            HandshakePair(serverCluster: "secret", clientVersions: 8...9),
            HandshakePair(serverKey: [], serverCluster: "secret"),
        ] {
            var pair = pair
            let outcome = pair.run()
            #expect(outcome.client?.error != nil)
            for frame in outcome.sent where frame.type == .helloReply || frame.type == .refusal {
                let payload = Array(buffer: frame.payload)
                for secret in secrets {
                    #expect(
                        !payload.indices.contains { payload[$0...].starts(with: secret) }, "\(frame.type)")
                }
            }
        }
        var honest = HandshakePair()
        let reply = try #require(honest.run().sent.first { $0.type == .helloReply })
        #expect(reply.payload.readableBytes == 34)
    }

    @Test func `another worker than the one that is meant is refused by name, on both sides`() throws {
        var pair = HandshakePair(target: "b")
        let outcome = pair.run()
        let error = try #require(outcome.client?.error)
        #expect(error.code == .node && outcome.server?.error?.code == .node)
        for word in ["worker a (10.0.0.1:7101)", "this is worker 'a'", "means 'b'", "workers.yaml"] {
            #expect(error.message.contains(word), "\(error.message)")
        }
        // Who was given no name may be called whatever one likes, and who means nobody takes anybody.
        for (target, isNamed) in [("b", false), ("", true)] {
            var pair = HandshakePair(target: target, isNamed: isNamed)
            #expect(pair.run().client?.value?.peerNode == (isNamed ? "a" : ""))
        }
    }

    @Test func `another process than the one that is meant, and the one that dials, are refused`() throws {
        var other = HandshakePair(expecting: .init(peerID: 78))
        let error = try #require(other.run().client?.error)
        #expect(error.code == .node && error.message.contains("another process answers"))
        var same = HandshakePair(expecting: .init(peerID: HandshakePair.serverID, ownID: 5))
        #expect(same.run().client?.value != nil)
        var own = HandshakePair(expecting: .init(ownID: HandshakePair.serverID))
        let reflection = try #require(own.run().client?.error)
        #expect(reflection.code == .node && reflection.message.contains("leads back to"))
    }

    @Test func `another cluster is refused with both names`() throws {
        var pair = HandshakePair(serverCluster: "other")
        let error = try #require(pair.run().client?.error)
        #expect(error.code == .cluster)
        for word in ["'a'", "'other'", "'boss'", "'demo'", "workers.yaml"] {
            #expect(error.message.contains(word))
        }
    }

    @Test func `a worker without a cluster learns the client's`() throws {
        var pair = HandshakePair(serverCluster: nil)
        #expect(try #require(pair.run().server?.value).cluster == "demo")
    }

    @Test(
        arguments: [
            (1...1, 1...1, 1), (1...3, 2...5, 3), (2...5, 1...3, 3), (1...9, 4...4, 4), (3...3, 1...3, 3),
            (1...2, 3...4, nil), (3...4, 1...2, nil),
        ] as [(ClosedRange<UInt32>, ClosedRange<UInt32>, UInt32?)])
    func `the highest common version is chosen`(
        client: ClosedRange<UInt32>, server: ClosedRange<UInt32>, expected: UInt32?
    ) throws {
        var pair = HandshakePair(clientVersions: client, serverVersions: server)
        let outcome = pair.run()
        #expect(outcome.client?.value?.version == expected)
        #expect(outcome.server?.value?.version == expected)
        if expected == nil {
            let error = try #require(outcome.client?.error)
            #expect(error.code == .version)
            #expect(error.message.contains("0.1.0") && !error.message.contains("0.2.0"))
        }
    }

    @Test func `a refused admission reaches the client in the owner's words`() throws {
        var pair = HandshakePair()
        let outcome = pair.run(admission: .refused(.busy, message: "held by 'c'"))
        #expect(
            outcome.client?.error == HandshakeError(.busy, "worker a (10.0.0.1:7101): held by 'c'"))
        #expect(outcome.server?.error == HandshakeError(.busy, "held by 'c'"))
    }

    @Test func `admission is asked only after the proof, for the client that proved itself`() {
        var pair = HandshakePair()
        #expect(pair.server.admit(.admitted) == .ignore)
        guard case .send(let reply) = pair.server.receive(pair.client.start()),
            case .send(let proof) = pair.client.receive(reply)
        else {
            Issue.record("no proof")
            return
        }
        #expect(pair.server.admit(.admitted) == .ignore)
        guard case .askAdmission(let hello) = pair.server.receive(proof) else {
            Issue.record("no admission")
            return
        }
        #expect(hello.node == "boss")
    }

    @Test func `an admission that comes after a violation is ignored`() throws {
        var pair = HandshakePair()
        let hello = pair.client.start()
        guard case .send(let reply) = pair.server.receive(hello),
            case .send(let proof) = pair.client.receive(reply)
        else {
            Issue.record("no proof")
            return
        }
        _ = pair.server.receive(proof)
        guard case .refuse = pair.server.receive(hello) else {
            Issue.record("a second hello was taken")
            return
        }
        #expect(pair.server.admit(.admitted) == .ignore)
        #expect(pair.server.receive(proof) == .ignore)
    }
}
