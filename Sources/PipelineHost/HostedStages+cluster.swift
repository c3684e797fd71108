// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import ClusterTransport

extension HostedStages {
    /// One for the process, as a coordinator that serves brings up one cluster after another.
    private static let network = Network(loopCount: 1)

    /// Stages on the workers of a cluster file.
    ///
    /// - Throws: `ClusterError`, `PlanError`, `ConfigError`: whatever came first.
    init(
        onWorkersOf path: String, model: ModelFile, request: PipelineRequest, store: ModelStore?,
        standing: ClusterStanding, onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) async throws {
        var file = try ClusterFile.load(path: path)
        for warning in file.secretFiles.compactMap(KeyFile.permissionWarning) {
            onEvent(.warning(warning))
        }
        if file.protection == .none,
            file.discovery != nil || file.workers.contains(where: { !$0.address.isLoopback })
        {
            onEvent(
                .warning("“tls: off” in \(path): what goes to the workers can be read and changed on its way")
            )
        }
        let credentials = try Credentials(of: file)
        let finder = file.discovery.map {
            WorkerFinder($0, of: file, credentials: credentials, network: Self.network)
        }
        if let finder {
            file.workers = try await finder.find(standing, within: request.joinTimeout, onEvent: onEvent)
        }
        let members = file.workers
        let cluster = try await Cluster.start(
            file: file, credentials: credentials, model: model, store: store, request: request,
            network: Self.network, standing: standing, onEvent: onEvent)
        let watch = Task { await finder?.watch(standing, besides: members, onEvent: onEvent) }
        self.init(
            pipeline: cluster.pipeline, reports: cluster.stages, plan: cluster.document,
            groupCount: cluster.plan.groupCount, observe: { cluster.observe() },
            close: {
                watch.cancel()
                await cluster.close()
            })
    }
}
