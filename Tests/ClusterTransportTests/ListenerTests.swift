// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ListenerTests {
    @Test func `a name is listened on at all its addresses, on one port`() async throws {
        let network = Network(loopCount: 1)
        let (accepted, accept) = AsyncStream<Void>.makeStream()
        let listener = try await listener(of: network) { peer in
            accept.yield()
            peer.close()
        }
        let hosts = try HostPort(host: "localhost", port: 0).ownAddresses()
        let port = try #require(UInt16(exactly: listener.port))
        #expect(listener.addresses == hosts.map { "\(HostPort(host: $0, port: port))" })
        var all = accepted.makeAsyncIterator()
        for address in listener.addresses {
            let connection = try await network.connect(to: address, peer: "listener")
            await all.next()
            connection.close()
        }
        await listener.close()
        for address in listener.addresses {
            await #expect(throws: TransportError.self) {
                try await network.connect(to: address, peer: "listener")
            }
        }
        await network.shutdown()
    }

    @Test func `a name that stands for nothing is told by what is wrong with it`() async throws {
        let network = Network(loopCount: 1)
        let name = String(repeating: "x", count: 64)
        let error = try await #require(throws: TransportError.self) {
            try await network.listen(on: "\(name):0") { _ in }
        }
        #expect(error.message.contains("“\(name)” stands for no address"), "\(error.message)")
        await network.shutdown()
    }

    private func listener(
        of network: Network, accept: @escaping @Sendable (FrameConnection) async -> Void
    ) async throws -> Listener {
        // A port that is free at one address may be taken at the other.
        for _ in 0..<5 {
            if let listener = try? await network.listen(on: "localhost:0", accept: accept) { return listener }
        }
        return try await network.listen(on: "localhost:0", accept: accept)
    }
}
