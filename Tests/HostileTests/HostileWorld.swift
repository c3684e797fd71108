// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import ClusterTransport
import ClusterWire
import ClusterWorker
import Glibc
import Logging
import Metrics
import ModelTestSupport
import NIOCore
import NIOPosix
import PipelineHost
import Telemetry
import TestSupport
import TextGeneration

/// What all histories share: a model of two small layers, what it writes, and what honest members say.
struct HostileWorld: Sendable {
    static let cluster = "small"
    static let network = Network(loopCount: 1)
    static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    static let log = Logger(label: "hostile") { _ in SwiftLogNoOpLogHandler() }

    /// As the coordinator's program exports its figures.
    static let registry = {
        let registry = PrometheusRegistry(definitions: MetricCatalogue.definitions)
        MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
        return registry
    }()

    let folder: TemporaryFolder
    let model: ModelFile
    /// With all parts.
    let store: ModelStore
    /// A worker's directory with all parts.
    let prepared: TemporaryFolder
    /// A payload of each type that honest members send.
    private(set) var samples: [FrameType: [UInt8]] = [:]
    let tally = Tally()
    /// What the model writes.
    private(set) var tokens: [UInt32] = []

    init() async throws {
        folder = try TemporaryFolder()
        prepared = try TemporaryFolder()
        try folder.write(TinyModel.builder().bytes, to: "model.gguf")
        model = try ModelFile(path: folder.path(of: "model.gguf"))
        store = try ModelStore(directory: folder.path(of: "store"), quota: 1 << 30)
        var samples: [FrameType: [UInt8]] = [:]
        for workerCount in [1, 2] {
            let history = History(workerCount: workerCount, isPrepared: false, isMeasured: true)
            let workers = try await HostileWorkers(
                history, in: self, data: workerCount == 1 ? prepared : nil)
            let stage = try await HostileStage(history, against: workers)
            tokens = try await stage.coordinator().tokens()
            samples.merge(try await stage.member.seen(\.samples)) { first, _ in first }
            await stage.close()
            await workers.close()
        }
        self.samples = samples
    }
}
