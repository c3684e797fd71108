// SPDX-License-Identifier: MIT
package import ClusterTransport

/// Both ends of one connection, in this process.
package struct ConnectionEnds: Sendable {
    /// Of the side that dialled.
    package let near: FrameConnection
    /// Of the side that listens.
    package let far: FrameConnection
}

/// So many connections, which are open as long as `body` runs.
package func withConnections(
    _ count: Int, _ body: ([ConnectionEnds]) async throws -> Void
) async throws {
    let network = Network(loopCount: 1)
    let (accepted, accept) = AsyncStream<FrameConnection>.makeStream()
    let listener = try await network.listen(on: "127.0.0.1:0") { accept.yield($0) }
    var connections: [ConnectionEnds] = []
    for number in 0..<count {
        let near = try await network.connect(to: "127.0.0.1:\(listener.port)", peer: "worker \(number)")
        for await far in accepted {
            connections.append(ConnectionEnds(near: near, far: far))
            break
        }
    }
    let result: Result<Void, any Error>
    do {
        try await body(connections)
        result = .success(())
    } catch {
        result = .failure(error)
    }
    for ends in connections {
        ends.near.close()
        ends.far.close()
        try await ends.near.closed()
        try await ends.far.closed()
    }
    await listener.close()
    await network.shutdown()
    try result.get()
}
