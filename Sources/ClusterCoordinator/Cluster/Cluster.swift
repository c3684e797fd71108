// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore
package import BitNetFormats
package import ClusterConfig
package import ClusterPlanning
package import ClusterTransport
package import ClusterWire

/// What happens while a cluster comes up, for whoever watches.
package enum ClusterEvent: Sendable {
    case waiting(String)
    /// Those that a name stands for, in place of those that were known before.
    case found([(name: String, address: String)])
    case joined(worker: String, isa: String, threadCount: Int)
    case measured(worker: String, ClusterMeasurements.Worker)
    case unmeasured(worker: String, reason: String)
    case probed(from: String, to: String, LinkProfile)
    case bookUnusable(String)
    case converting(ConversionProgress)
    /// Nothing had to be converted.
    case converted
    /// Of a stage inside this process.
    case loading(layer: Int, of: Int)
    case planned(Plan, of: ModelDescription)
    /// What the KV caches of all stages hold together.
    case reserved(CacheShape, byteCount: UInt64)
    case shipping(ShippingProgress)
    case shipped(byteCount: UInt64)
    case ready(worker: String, kernel: String, residentByteCount: UInt64, loadTime: Duration)
    /// A worker without layers holds some in memory, and all on its disk, of which so many bytes were sent.
    case standingBy(worker: String, LayerRange, residentByteCount: UInt64, sentByteCount: UInt64)
    case notStandingBy(worker: String, reason: String)
    /// Anything else that a person may want to know.
    case remark(String)
    /// What should not stay so.
    case warning(String)
}

/// A plan that runs on workers: joined, shipped, loaded, linked.
package final class Cluster: Sendable {
    package let plan: Plan
    /// The plan's stages, with what runs them.
    package let stages: [RunningPipeline.Stage]
    /// What was decided of all stages.
    package let settings: StageSettings
    package let pipeline: any StepPipeline
    /// The plan as operators read it.
    package let document: PlanDocument
    /// Of the stages, in order: that of a worker with several stands for each of them.
    private let controls: [WorkerControl]
    private let measurements: ClusterMeasurements?
    private let standing: ClusterStanding
    private let watch: Task<Void, Never>
    private let warming: Task<Void, Never>

    init(
        plan: Plan, measurements: ClusterMeasurements?, settings: StageSettings, hiddenSize: Int,
        pipeline: ClusterPipeline, controls: [WorkerControl], lossTimeout: Duration,
        standing: ClusterStanding, fingerprint: String?, warming: Task<Void, Never>
    ) {
        document = PlanDocument(
            plan, measurements, settings, hiddenSize: hiddenSize,
            memoryLimits: controls.map(\.capabilities.memoryByteCount), fingerprint: fingerprint)
        self.measurements = measurements
        self.plan = plan
        stages = zip(plan.stages, controls).map { stage, control in
            RunningPipeline.Stage(
                worker: stage.worker, layers: stage.layers, readByteCount: stage.readByteCount,
                threadCount: Int(clamping: control.capabilities.threadCount), isa: control.capabilities.isa,
                readBytesPerSecond: measurements?.workers[stage.worker]?.profile.readBytesPerSecond)
        }
        self.settings = settings
        self.pipeline = pipeline
        self.controls = controls
        self.standing = standing
        self.warming = warming
        watch = Task {
            await PipelineWatch(pipeline: pipeline, controls: controls, lossTimeout: lossTimeout).run()
        }
    }

    /// Brings a cluster up: joins the workers, plans, ships what they lack, has them load and link.
    ///
    /// - Parameters:
    ///   - standing: what is left of an earlier cluster, if there was one: what it served goes on where it can, and
    ///     where it cannot others take over, spares among them.
    ///   - handshakeTimeout: silence of a worker that ends its join.
    /// - Throws: ``ClusterError``, `PlanError`, ``ModelFileError``: whatever came first, naming the worker.
    package static func start(
        file: ClusterFile, credentials: Credentials, model: ModelFile, store: ModelStore?,
        request: PipelineRequest,
        network: Network, standing: ClusterStanding = ClusterStanding(),
        handshakeTimeout: Duration = Limits.handshakeTimeout,
        onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) async throws -> Cluster {
        var random = SystemRandomNumberGenerator()
        let dialer = PeerDialer(
            network: network, cluster: file.cluster, node: "coordinator of \(file.cluster)",
            session: random.next() | 1, credentials: credentials, handshakeTimeout: handshakeTimeout)
        let assembly = ClusterAssembly(
            dialer: dialer, model: model, request: request, store: store, standing: standing,
            onEvent: onEvent)
        return try await assembly.run(workers: file.workers)
    }

    /// The stages' workers as they are now.
    package func observe() -> [StageObservation] {
        var before = LinkMatrix.End.coordinator
        return zip(plan.stages, controls).map { stage, control in
            defer { before = .worker(stage.worker) }
            let here = LinkMatrix.End.worker(stage.worker)
            var seen = StageObservation(worker: stage.worker, address: stage.address, layers: stage.layers)
            seen.observe(control)
            if let links = measurements?.links, links.isMeasured(from: before, to: here) {
                seen.link = links[before, here]
            }
            return seen
        }
    }

    /// Lets the workers go, so that they can serve the next coordinator at once; also for a task that is cancelled.
    package func close() async {
        standing.left(controls)
        warming.cancel()
        await controls.letGo()
        // Spares are free then, too: the next pipeline may want them.
        await warming.value
        watch.cancel()
        await pipeline.close()
    }
}

extension StageObservation {
    fileprivate mutating func observe(_ control: WorkerControl) {
        isLost = control.failure != nil
        take(control.capabilities)
        heartbeatRoundTrip = control.lastRoundTrip
        build = control.build
        stealFraction = control.stealFraction
        if let latest = control.latest { take(latest) }
    }

    /// What the worker said of itself when it joined.
    package mutating func take(_ capabilities: Capabilities) {
        memoryLimitByteCount = capabilities.memoryByteCount
        coreCount = Int(clamping: capabilities.coreCount)
        threadCount = Int(clamping: capabilities.threadCount)
        isa = capabilities.isa
    }

    /// What it said with its last heartbeat.
    package mutating func take(_ latest: HeartbeatReply) {
        // Of several stages it tells the sum, and before they are loaded nothing.
        let isKnown = latest.stages.isEmpty && latest.residentByteCount > 0
        memoryByteCount = isKnown ? latest.residentByteCount : nil
        guard let machine = latest.machine else { return }
        processorMicros = machine.processCPUMicros
        residentByteCount = machine.processResidentByteCount
        availableMemoryByteCount = machine.memoryAvailableByteCount
        diskFreeByteCount = machine.storeFreeByteCount
    }
}
