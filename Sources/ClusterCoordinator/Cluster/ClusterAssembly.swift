// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterLogic
import ClusterTransport
import ClusterWire

/// The way from a list of workers to a running pipeline.
struct ClusterAssembly: Sendable {
    let dialer: WorkerDialer
    let model: ModelFile
    let options: ClusterOptions
    let store: ModelStore?
    let onEvent: @Sendable (ClusterEvent) -> Void
    private let failures = FailureRelay()

    init(
        dialer: WorkerDialer, model: ModelFile, options: ClusterOptions, store: ModelStore?,
        onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.dialer = dialer
        self.model = model
        self.options = options
        self.store = store
        self.onEvent = onEvent
    }

    func run(workers: [WorkerEntry]) async throws -> Cluster {
        let joined = try await join(workers)
        do {
            let plan = try plan(workers, joined)
            onEvent(.planned(plan))
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
            return Cluster(plan: plan, contextLength: contextLength, pipeline: pipeline, controls: stages)
        } catch {
            for control in joined { control.close() }
            throw error
        }
    }

    /// Reaches every worker, in whatever order they come up.
    private func join(_ workers: [WorkerEntry]) async throws -> [WorkerControl] {
        try await withThrowingTaskGroup(of: WorkerControl.self) { group in
            for entry in workers {
                group.addTask {
                    let worker = WorkerIdentity(name: entry.name, address: "\(entry.address)")
                    let (connection, peer) = try await dialer.join(worker, within: options.joinTimeout) {
                        onEvent(.waiting($0))
                    }
                    guard let capabilities = peer.capabilities else {
                        throw ClusterError(.refused, "\(worker) did not say what it can do")
                    }
                    onEvent(
                        .joined(
                            worker: entry.name, isa: capabilities.isa,
                            threadCount: Int(capabilities.threadCount)))
                    return WorkerControl(
                        worker: worker, capabilities: capabilities, connection: connection,
                        onFailure: failures.report)
                }
            }
            var joined: [WorkerControl] = []
            do {
                for try await control in group { joined.append(control) }
            } catch {
                for control in joined { control.close() }
                throw error
            }
            return joined
        }
    }

    private func plan(_ workers: [WorkerEntry], _ joined: [WorkerControl]) throws -> Plan {
        let estimate = MemoryEstimate(
            model: model.description, slotCount: options.slotCount, contextLength: contextLength,
            cacheElementByteCount: options.cacheType == "f32" ? 4 : 2, stepTokensMax: stepTokensMax,
            copiesHead: options.head == "fast")
        let offers = workers.compactMap { entry -> WorkerOffer? in
            guard let control = joined.first(where: { $0.worker.name == entry.name }) else { return nil }
            let reported = control.capabilities.memoryByteCount
            return WorkerOffer(
                name: entry.name, address: "\(entry.address)",
                memoryByteCount: min(reported, entry.memoryByteCount ?? reported),
                assignedLayers: entry.layers,
                isSpare: entry.isSpare)
        }
        return try StagePlanner.plan(cost: estimate.cost(of: model), workers: offers)
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
            let steps = try await dialer.connect(.steps, to: first.worker).connection
            return ClusterPipeline(stageCount: stages.count, steps: steps, results: results)
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
