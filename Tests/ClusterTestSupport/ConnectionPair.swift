// SPDX-License-Identifier: MIT
package import ClusterTransport

/// A listener whose side of the connection `serve` plays until the other side closes, and a connection to it.
package func withPair(
    serve: @escaping @Sendable (FrameConnection) async -> Void,
    _ body: (FrameConnection) async throws -> Void
) async throws {
    try await withListener(serve: serve) { network, address in
        let connection = try await network.connect(to: address, peer: "worker x")
        defer { connection.close() }
        try await body(connection)
    }
}

/// A listener that does `serve` with its one connection, which `body` opens.
///
/// Returns when `serve` has: one that waits for the end of the connection stays as long as that is open.
///
/// - Parameter credentials: what the listener encrypts with, if anything.
package func withListener(
    with credentials: Credentials = .none,
    serve: @escaping @Sendable (FrameConnection) async -> Void,
    _ body: (Network, _ address: String) async throws -> Void
) async throws {
    let network = Network(loopCount: 1)
    let (ends, end) = AsyncStream<Void>.makeStream()
    let listener = try await network.listen(on: "127.0.0.1:0", with: credentials) { peer in
        await serve(peer)
        end.finish()
    }
    try await body(network, "127.0.0.1:\(listener.port)")
    // The loops must outlive everybody who reads.
    for await _ in ends {}
    await listener.close()
    await network.shutdown()
}
