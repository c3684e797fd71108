// SPDX-License-Identifier: MIT
import ClusterTransport

/// A listener whose side of the connection `serve` plays until the other side closes, and a connection to it.
func withPair(
    serve: @escaping @Sendable (FrameConnection) async -> Void,
    _ body: (FrameConnection) async throws -> Void
) async throws {
    let network = Network(loopCount: 1)
    let (ends, end) = AsyncStream<Void>.makeStream()
    let listener = try await network.listen(on: "127.0.0.1:0") { peer in
        await serve(peer)
        end.finish()
    }
    let connection = try await network.connect(to: "127.0.0.1:\(listener.port)", peer: "worker x")
    try await body(connection)
    connection.close()
    // The loops must outlive everybody who reads.
    for await _ in ends {}
    await listener.close()
    await network.shutdown()
}
