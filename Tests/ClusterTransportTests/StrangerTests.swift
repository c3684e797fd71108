// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterProtocol
import ClusterTransport
import ClusterWire
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// Who connects to a listener and does not prove that it may.
@Suite(.timeLimit(.minutes(5))) struct StrangerTests {
    private static let key: [UInt8] = [1, 2, 3]

    /// A listener that shakes hands, and what became of each handshake.
    private func withGuard(
        _ body: (Network, _ address: String, AsyncStream<Result<HandshakeSession, any Error>>) async throws ->
            Void
    ) async throws {
        let network = Network(loopCount: 1)
        let (outcomes, outcome) = AsyncStream<Result<HandshakeSession, any Error>>.makeStream()
        let capabilities = Capabilities(
            isa: "scalar", coreCount: 1, threadCount: 1, memoryByteCount: 1, storeByteCount: 1)
        let credentials = try Credentials(key: Self.key)
        let listener = try await network.listen(on: "127.0.0.1:0", with: credentials) { peer in
            do {
                let session = try await peer.acceptHandshake(
                    identity: HandshakeIdentity(node: "w", id: 9, cluster: "c", build: "test"),
                    capabilities: capabilities, credentials: credentials, admit: { _ in .admitted })
                outcome.yield(.success(session))
                try await peer.closed()
            } catch {
                outcome.yield(.failure(error))
                peer.close()
            }
        }
        let result: Result<Void, any Error>
        do {
            try await body(network, "127.0.0.1:\(listener.port)", outcomes)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await listener.close()
        await network.shutdown()
        try result.get()
    }

    private func dialer(_ network: Network, key: [UInt8] = key) throws -> PeerDialer {
        PeerDialer(
            network: network, cluster: "c", node: "coordinator", session: 42,
            credentials: try Credentials(key: key))
    }

    @Test func `silent strangers keep nobody out, and those that came first are closed`() async throws {
        try await withGuard { network, address, _ in
            var strangers: [FrameConnection] = []
            for _ in 0..<2 * Limits.strangersMax {
                strangers.append(try await network.connect(to: address, peer: "stranger"))
            }
            let (connection, peer) = try await dialer(network).connect(
                .control, to: address, peer: "worker w")
            #expect(peer.peerID == 9)
            // Whoever gave way sees it; the one that has proved itself stays.
            try await strangers[0].closed()
            for _ in 0..<2 * Limits.strangersMax {
                strangers.append(try await network.connect(to: address, peer: "stranger"))
            }
            let another = try await dialer(network).connect(.probe, to: address, peer: "worker w").connection
            for stranger in strangers { stranger.close() }
            connection.send(Frame(Heartbeat(sequence: 1)))
            #expect(try await hasEnded(connection) == false)
            another.close()
            connection.close()
        }
    }

    /// Whether the other side has closed, after another connection's handshake has passed.
    private func hasEnded(_ connection: FrameConnection) async throws -> Bool {
        do {
            _ = try await connection.next(within: .milliseconds(1))
            return false
        } catch let error as TransportError {
            return error.code != .deadline
        }
    }

    @Test(arguments: ["", "BNCL", "BNCL\u{1}\u{0}\u{1}"])
    func `a look whether somebody listens is told apart from a handshake that failed`(
        _ text: String
    )
        async throws
    {
        try await withGuard { _, address, outcomes in
            let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
            let probe = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port).get()
            if !text.isEmpty { try await probe.writeAndFlush(ByteBuffer(string: text)) }
            try await probe.close()
            for await outcome in outcomes {
                #expect {
                    try outcome.get()
                } throws: {
                    ($0 as? TransportError)?.code == .unspoken
                }
                break
            }
        }
    }

    @Test func `wrong proofs are refused, and a right one goes through at once`() async throws {
        try await withGuard { network, address, _ in
            for _ in 0..<200 {
                await #expect {
                    _ = try await dialer(network, key: [9]).connect(.control, to: address, peer: "worker w")
                } throws: {
                    ($0 as? HandshakeError)?.code == .key
                }
            }
            try await dialer(network).connect(.control, to: address, peer: "worker w").connection.close()
        }
    }

    @Test func `one proven connection more than a listener takes is refused, and room comes back`()
        async throws
    {
        try await withGuard { network, address, outcomes in
            var connections: [FrameConnection] = []
            for _ in 0..<Limits.connectionsMax {
                connections.append(
                    try await dialer(network).connect(.probe, to: address, peer: "worker w").connection)
            }
            await #expect {
                _ = try await dialer(network).connect(.probe, to: address, peer: "worker w")
            } throws: {
                ($0 as? HandshakeError)?.code == .limit
            }
            connections[0].close()
            while true {
                do {
                    try await dialer(network).connect(.probe, to: address, peer: "worker w").connection
                        .close()
                    break
                } catch let error as HandshakeError where error.code == .limit {
                    // The listener has not seen yet that the first connection is gone.
                    await Task.yield()
                }
            }
            for connection in connections { connection.close() }
        }
    }
}
