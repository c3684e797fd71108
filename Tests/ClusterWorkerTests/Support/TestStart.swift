// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import ClusterTransport
import TestSupport

/// A coordinator in this process that brings a small model up.
enum TestStart {
    private static let model = Result { try ModelFile(path: Repository.awkwardModel) }

    /// - Parameter addresses: those of workers a, b and c.
    static func start(
        _ addresses: [String], network: Network, joinTimeout: Duration = .seconds(60),
        handshakeTimeout: Duration = .seconds(60), key: [UInt8] = [],
        onEvent: @escaping @Sendable (ClusterEvent) -> Void = { _ in }
    ) async throws -> Cluster {
        let workers = zip(["a", "b", "c"], addresses).map { "  - name: \($0)\n    address: \($1)\n" }
            .joined()
        let file = try ClusterFile.parse("cluster: demo\nworkers:\n\(workers)", path: "workers.yaml")
        var request = PipelineRequest()
        request.slotCount = 1
        request.contextLength = 32
        request.prefillChunk = 4
        request.measures = false
        request.joinTimeout = joinTimeout
        return try await Cluster.start(
            file: file, credentials: Credentials(key: key), model: model.get(), store: nil, request: request,
            network: network,
            handshakeTimeout: handshakeTimeout, onEvent: onEvent)
    }
}
