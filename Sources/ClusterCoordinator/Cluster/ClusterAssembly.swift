// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterLogic
import ClusterTransport
import ClusterWire

/// The way from a list of workers to a running pipeline.
struct ClusterAssembly: Sendable {
    let dialer: PeerDialer
    let model: ModelFile
    let options: ClusterOptions
    let store: ModelStore?
    let onEvent: @Sendable (ClusterEvent) -> Void
    private let failures: FailureRelay

    init(
        dialer: PeerDialer, model: ModelFile, options: ClusterOptions, store: ModelStore?,
        failures: FailureRelay = FailureRelay(), onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.failures = failures
        self.dialer = dialer
        self.model = model
        self.options = options
        self.store = store
        self.onEvent = onEvent
    }

    func run(workers: [WorkerEntry]) async throws -> Cluster {
        let joined = try await join(workers)
        do {
            let measurements = try await measurements(of: joined)
            let (slotCount, plan) = try SlotCounts.first(wanted: options.wantedSlotCount) {
                slotCount throws(PlanError) in
                try self.plan(workers, joined, measurements, slotCount: slotCount)
            }
            onEvent(.planned(plan))
            var settled = options
            settled.slotCount = slotCount
            return try await ClusterAssembly(
                dialer: dialer, model: model, options: settled, store: store, failures: failures,
                onEvent: onEvent
            ).bringUp(plan, joined, measurements)
        } catch {
            for control in joined { control.close() }
            throw error
        }
    }

    private func bringUp(
        _ plan: Plan, _ joined: [WorkerControl], _ measurements: ClusterMeasurements?
    ) async throws -> Cluster {
        onEvent(reservation)
        for control in joined where plan.unused.contains(control.worker.name) { control.release() }
        let stages = plan.stages.compactMap { stage in
            joined.first { $0.worker.name == stage.worker }
        }
        for (stage, control) in zip(plan.stages, stages) {
            control.assign(stage: stage.index, layers: stage.layers)
        }
        try await load(plan, stages)
        try await link(stages)
        let pipeline = try await connect(stages)
        failures.connect(to: pipeline)
        return Cluster(
            plan: plan, measurements: measurements, options: options, contextLength: contextLength,
            hiddenSize: model.description.hiddenSize, pipeline: pipeline, controls: stages)
    }

    /// Reaches every worker, in whatever order they come up.
    ///
    /// - Returns: them in the file's order.
    private func join(_ workers: [WorkerEntry]) async throws -> [WorkerControl] {
        try await withThrowingTaskGroup(of: WorkerControl.self) { group in
            for entry in workers {
                group.addTask {
                    let worker = WorkerIdentity(name: entry.name, address: "\(entry.address)")
                    let (connection, peer) = try await dialer.join(worker, within: options.joinTimeout) {
                        onEvent(.waiting($0))
                    }
                    guard let capabilities = peer.capabilities else {
                        connection.close()
                        throw ClusterError(.refused, "\(worker) did not say what it can do")
                    }
                    onEvent(
                        .joined(
                            worker: entry.name, isa: capabilities.isa,
                            threadCount: Int(capabilities.threadCount)))
                    return WorkerControl(
                        worker: worker, capabilities: capabilities, build: peer.peerBuild,
                        connection: connection,
                        onFailure: failures.report)
                }
            }
            var joined: [WorkerControl] = []
            do {
                for try await control in group { joined.append(control) }
            } catch {
                group.cancelAll()
                // Those as well that have come up meanwhile: a worker would stay held with nobody behind it.
                while let late = await group.nextResult() {
                    if case .success(let control) = late { control.close() }
                }
                for control in joined { control.close() }
                throw error
            }
            return workers.compactMap { entry in joined.first { $0.worker.name == entry.name } }
        }
    }

    /// What is known of the workers, measured now if need be and written into the book.
    private func measurements(of joined: [WorkerControl]) async throws -> ClusterMeasurements? {
        guard options.measures else { return nil }
        let cluster = dialer.cluster
        let directory = options.bookDirectory
        // Files are read and written on threads that may wait.
        let book = await DiskThreads.book(directory, onEvent)
        let measurements = try await measure(joined, known: book.links(cluster: cluster))
        let shape = ProfiledShape(model.description)
        let memory = Dictionary(joined.map { ($0.worker.name, $0.capabilities.memoryByteCount) }) { $1 }
        await DiskThreads.keep(directory, onEvent) { book in
            book.record(measurements, cluster: cluster, shape: shape, memory: memory)
        }
        return measurements
    }

    private func plan(
        _ workers: [WorkerEntry], _ joined: [WorkerControl], _ measurements: ClusterMeasurements?,
        slotCount: Int
    ) throws(PlanError) -> Plan {
        let estimate = estimate(slotCount: slotCount)
        let cost = estimate.cost(of: model)
        let offers = workers.compactMap { entry -> WorkerOffer? in
            guard let control = joined.first(where: { $0.worker.name == entry.name }) else { return nil }
            let reported = control.capabilities.memoryByteCount
            return WorkerOffer(
                name: entry.name, address: "\(entry.address)",
                memoryByteCount: min(reported, entry.memoryByteCount ?? reported),
                assignedLayers: entry.layers, isSpare: entry.isSpare,
                memoryCost: measurements?.workers[entry.name].map {
                    cost.memory(layerWeights: $0.layerByteCount, cache: estimate.layerCacheByteCount)
                },
                profile: measurements?.workers[entry.name]?.profile)
        }
        let goal = measurements.map {
            PlanGoal(concurrency: slotCount, hiddenSize: model.description.hiddenSize, links: $0.links)
        }
        return try StagePlanner.plan(cost: cost, workers: offers, goal: goal)
    }

    private func estimate(slotCount: Int) -> MemoryEstimate {
        MemoryEstimate(
            model: model.description, slotCount: slotCount, contextLength: contextLength,
            cacheType: options.cacheType,
            stepTokensMax: options.prefillChunk + slotCount, copiesHead: options.head == "fast")
    }

    private var reservation: ClusterEvent {
        .reserved(
            slotCount: options.slotCount, contextLength: contextLength, cacheType: options.cacheType,
            cacheByteCount: estimate(slotCount: options.slotCount).cacheByteCount)
    }

    /// Has every worker but the last connect to its neighbour.
    private func link(_ stages: [WorkerControl]) async throws {
        for control in stages.dropLast() { control.send(Frame(type: .link)) }
        for control in stages.dropLast() {
            _ = try await control.expect(.linked, within: Limits.connectTimeout + Limits.handshakeTimeout)
        }
    }

    private func connect(_ stages: [WorkerControl]) async throws -> ClusterPipeline {
        guard let first = stages.first, let last = stages.last else {
            throw ClusterError(.configuration, "the plan has no stages")
        }
        do {
            let results = try await dialer.connect(.outcomes, to: last.worker).connection
            do {
                let steps = try await dialer.connect(.steps, to: first.worker).connection
                return ClusterPipeline(stageCount: stages.count, steps: steps, results: results)
            } catch {
                results.close()
                throw error
            }
        } catch let error as any RemediableError {
            throw ClusterError(.fault, "the pipeline cannot be connected: \(error.message)")
        }
    }

    var contextLength: Int {
        let model = model.description.contextLength
        return options.contextLength > 0 ? min(options.contextLength, model) : model
    }

    var stepTokensMax: Int { options.prefillChunk + options.slotCount }
}
