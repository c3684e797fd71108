// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTestSupport
import ClusterTransport
import ClusterWire
import Testing

/// Who dials lets go of what fails.
@Suite struct PeerDialerTests {
    private static let capabilities = Capabilities(
        isa: "scalar", coreCount: 1, threadCount: 1, memoryByteCount: 1, storeByteCount: 1)

    /// A dialler, and a listener that does `serve` with its one connection.
    private func withDialer(
        key: [UInt8] = [], handshakeTimeout: Duration = .seconds(600),
        serve: @escaping @Sendable (FrameConnection) async -> Void,
        _ body: (PeerDialer, _ address: String) async throws -> Void
    ) async throws {
        // A peer that waits for the end of the connection stays for ever if the dialler leaves it open.
        let credentials = try Credentials(key: key)
        try await withListener(with: credentials, serve: serve) { network, address in
            let dialer = PeerDialer(
                network: network, cluster: "c", node: "coordinator", session: 42, credentials: credentials,
                handshakeTimeout: handshakeTimeout)
            try await body(dialer, address)
        }
    }

    private static func accept(
        _ peer: FrameConnection, key: [UInt8] = [], admit: HandshakeServer.Admission = .admitted
    ) async throws -> HandshakeSession {
        try await peer.acceptHandshake(
            identity: HandshakeIdentity(node: "w", id: 9, cluster: nil, build: "test"),
            capabilities: capabilities, credentials: Credentials(key: key), admit: { _ in admit })
    }

    @Test(.timeLimit(.minutes(5)))
    func `a connection to a peer that stays silent is closed at the deadline`() async throws {
        try await withDialer(handshakeTimeout: .milliseconds(50)) { peer in
            try? await peer.closed()
        } _: { dialer, address in
            await #expect {
                _ = try await dialer.connect(.link, to: address, peer: "worker x")
            } throws: {
                ($0 as? TransportError)?.code == .deadline
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a connection whose handshake is cancelled is closed at once`() async throws {
        let (hellos, hello) = AsyncStream<Void>.makeStream()
        try await withDialer { peer in
            _ = try? await peer.next(within: .seconds(600))
            hello.finish()
            try? await peer.closed()
        } _: { dialer, address in
            let dial = Task { try await dialer.connect(.link, to: address, peer: "worker x") }
            for await _ in hellos {}
            dial.cancel()
            await #expect(throws: CancellationError.self) { try await dial.value }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a connection that is refused is closed, and the refusal told`() async throws {
        try await withDialer { peer in
            _ = try? await Self.accept(peer, admit: .refused(.busy, message: "others first"))
            try? await peer.closed()
        } _: { dialer, address in
            await #expect {
                _ = try await dialer.connect(.control, to: address, peer: "worker x")
            } throws: {
                ($0 as? HandshakeError)?.code == .busy
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a connection that is lent is closed afterwards, also when its use fails`() async throws {
        struct Trouble: Error {}
        for fails in [false, true] {
            try await withDialer(key: [1, 2, 3]) { peer in
                _ = try? await Self.accept(peer, key: [1, 2, 3])
                try? await peer.closed()
            } _: { dialer, address in
                let use = {
                    try await dialer.withConnection(.probe, to: address, peer: "worker x") { _ in
                        if fails { throw Trouble() }
                    }
                }
                if fails { await #expect(throws: Trouble.self) { try await use() } } else { try await use() }
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a wait on a connection that is lent ends with the task`() async throws {
        let (uses, used) = AsyncStream<Void>.makeStream()
        try await withDialer { peer in
            _ = try? await Self.accept(peer)
            try? await peer.closed()
        } _: { dialer, address in
            let use = Task {
                try await dialer.withConnection(.probe, to: address, peer: "worker x") { connection in
                    used.finish()
                    _ = try await connection.next(within: .seconds(600))
                }
            }
            for await _ in uses {}
            use.cancel()
            await #expect(throws: CancellationError.self) { try await use.value }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a task that is cancelled already dials nobody`() async throws {
        let network = Network(loopCount: 1)
        let dialer = PeerDialer(network: network, cluster: "c", node: "coordinator", session: 42)
        let dial = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            // Nobody listens there, which would be another error.
            return try await dialer.connect(.link, to: "127.0.0.1:1", peer: "worker x")
        }
        await #expect(throws: CancellationError.self) { try await dial.value }
        await network.shutdown()
    }

    @Test(.timeLimit(.minutes(5)))
    func `a process that dials itself, or another one than it means, is told so and closes`() async throws {
        for (ownID, peerID, target, word) in [
            (9, nil, "w", "leads back to"), (8, 7, "w", "another process answers"), (8, 9, "v", "means 'v'"),
        ] as [(UInt64, UInt64?, String, String)] {
            try await withListener { peer in
                _ = try? await Self.accept(peer)
                try? await peer.closed()
            } _: { network, address in
                let dialer = PeerDialer(
                    network: network, cluster: "c", node: "u", session: 42, ownID: ownID)
                await #expect {
                    _ = try await dialer.connect(
                        .link, to: address, peer: "worker x (\(address))", target: target, peerID: peerID)
                } throws: {
                    guard let error = $0 as? HandshakeError else { return false }
                    return error.code == .node && error.message.contains(word)
                        && error.message.contains("worker x (\(address))")
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `both ends agree on role and session`() async throws {
        let (sessions, session) = AsyncStream<HandshakeSession>.makeStream()
        try await withDialer { peer in
            if let accepted = try? await Self.accept(peer) { session.yield(accepted) }
            session.finish()
            try? await peer.closed()
        } _: { dialer, address in
            let (connection, peer) = try await dialer.connect(.control, to: address, peer: "worker x")
            #expect(peer.capabilities == Self.capabilities && peer.peerID == 9)
            for await accepted in sessions {
                #expect(accepted.role == .control && accepted.session == 42 && accepted.cluster == "c")
                #expect(accepted.peerNode == "coordinator")
            }
            connection.close()
        }
    }
}
