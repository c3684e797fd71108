// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterPlanning
import ClusterProtocol
import ClusterTransport
import ClusterWire

/// The way from a list of workers to a running pipeline.
struct ClusterAssembly: Sendable {
    let dialer: PeerDialer
    let model: ModelFile
    let request: PipelineRequest
    let store: ModelStore?
    /// What an earlier cluster has left.
    let standing: ClusterStanding
    let onEvent: @Sendable (ClusterEvent) -> Void
    private let failures = FailureRelay()

    init(
        dialer: PeerDialer, model: ModelFile, request: PipelineRequest, store: ModelStore?,
        standing: ClusterStanding, onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.dialer = dialer
        self.model = model
        self.request = request
        self.store = store
        self.standing = standing
        self.onEvent = onEvent
    }

    func run(workers: [WorkerEntry]) async throws -> Cluster {
        if let service = standing.service { return try await goOn(from: service, workers) }
        let entries = workers
        let workers = entries.filter { !$0.isSpare }
        let joined = try await join(workers)
        do {
            let measurements = try await measurements(of: joined)
            let (slotCount, plan) = try SlotCounts.first(wanted: request.slotCount) {
                slotCount throws(PlanError) in
                try self.plan(workers, joined, measurements, settings(slotCount: slotCount))
            }
            onEvent(.planned(plan, of: model.description))
            return try await bringUp(plan, settings(slotCount: slotCount), joined, measurements, entries)
        } catch {
            for control in joined { control.close() }
            throw error
        }
    }

    /// As ``run(workers:)`` does, but with what is left of a cluster that was lost.
    private func goOn(
        from service: ClusterStanding.Service, _ workers: [WorkerEntry]
    ) async throws -> Cluster {
        let (joined, settings, plan): ([WorkerControl], StageSettings, Plan)
        do {
            (joined, settings, plan) = try await takeOver(from: service, by: workers)
        } catch let error as PlanError where !service.drained.isEmpty {
            let names = service.drained.sorted().joined(separator: ", ")
            onEvent(.remark("worker \(names) cannot be drained: \(error.message)"))
            standing.resumeAll()
            throw error
        }
        do {
            for note in plan.notes { onEvent(.remark(note)) }
            onEvent(.planned(plan, of: model.description))
            return try await bringUp(plan, settings, joined, service.measurements, workers)
        } catch {
            standing.left(joined)
            for control in joined { control.close() }
            throw error
        }
    }

    private func bringUp(
        _ plan: Plan, _ settings: StageSettings, _ joined: [WorkerControl],
        _ measurements: ClusterMeasurements?, _ entries: [WorkerEntry]
    ) async throws -> Cluster {
        let cacheByteCount =
            UInt64(clamping: model.description.layerCount)
            * settings.cache.layerByteCount(model: model.description)
        onEvent(.reserved(settings.cache, byteCount: cacheByteCount))
        // One that serves several stages stands for each of them.
        let stages = plan.stages.compactMap { stage in
            joined.first { $0.worker.name == stage.worker }
        }
        await joined.filter { control in !stages.contains { $0 === control } }.letGo()
        // A stage that is lost already is found to be when it is to take its parts; others are nobody's concern.
        failures.forget()
        for (stage, control) in zip(plan.stages, stages) {
            control.assign(stage: stage.index, layers: stage.layers)
        }
        let packed: PackedModel
        let pipeline: ClusterPipeline
        do {
            packed = try await load(plan, settings, stages)
            try await link(stages)
            pipeline = try await connect(stages)
        } catch {
            standing.failed(stages)
            throw error
        }
        failures.connect(to: pipeline)
        standing.served(plan, measurements)
        let warming = request.warmsSpares ? SpareWarming(self, plan, settings, packed) : nil
        let drained = standing.drained
        let spares = entries.filter { plan.isWithout($0.name) && !drained.contains($0.name) }
        return Cluster(
            plan: plan, measurements: measurements, settings: settings,
            hiddenSize: model.description.hiddenSize, pipeline: pipeline, controls: stages,
            lossTimeout: request.lossTimeout, standing: standing,
            fingerprint: packed.manifest?.fingerprint(
                settings, cuts: plan.stages.dropFirst().map(\.layers.first)),
            warming: Task { await warming?.run(spares) })
    }

    func settings(slotCount: Int) -> StageSettings {
        request.settings(slotCount: slotCount, of: model.description)
    }

    /// Reaches every worker, in whatever order they come up.
    ///
    /// - Returns: them in the file's order.
    private func join(_ workers: [WorkerEntry]) async throws -> [WorkerControl] {
        try await withThrowingTaskGroup(of: WorkerControl.self) { group in
            for entry in workers { group.addTask { try await join(entry) } }
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

    /// Reaches one worker, as soon as it comes up.
    func join(_ entry: WorkerEntry) async throws -> WorkerControl {
        let worker = WorkerIdentity(name: entry.name, address: "\(entry.address)")
        // Once it has served it may have been taken over itself.
        if request.takesOver, standing.service == nil { try await dialer.takeOver(worker) }
        let control = try await reach(
            worker, within: request.joinTimeout, onWait: { onEvent(.waiting($0)) }, onFailure: failures.report
        )
        onEvent(
            .joined(
                worker: entry.name, isa: control.capabilities.isa,
                threadCount: Int(clamping: control.capabilities.threadCount)))
        return control
    }

    /// Opens a worker's control connection, as soon as the worker comes up.
    func reach(
        _ worker: WorkerIdentity, within limit: Duration, onWait: @Sendable (String) -> Void = { _ in },
        onFailure: @escaping @Sendable (ClusterError) -> Void
    ) async throws -> WorkerControl {
        var worker = worker
        let (connection, peer) = try await dialer.join(
            worker, within: limit, busyTimeout: request.lossTimeout + Limits.busyGrace, onWait: onWait)
        guard let capabilities = peer.capabilities else {
            connection.close()
            throw ClusterError(.refused, "\(worker) did not say what it can do")
        }
        worker.processID = peer.peerID
        if let refusal = model.refusal(of: worker, version: peer.version, build: peer.peerBuild) {
            connection.close()
            throw refusal
        }
        return WorkerControl(
            worker: worker, capabilities: capabilities, peer: peer, connection: connection,
            lossTimeout: request.lossTimeout, onFailure: onFailure)
    }

    /// What is known of the workers, measured now if need be and written into the book.
    private func measurements(of joined: [WorkerControl]) async throws -> ClusterMeasurements? {
        guard request.measures else { return nil }
        let cluster = dialer.cluster
        let directory = request.bookDirectory
        // Files are read and written on threads that may wait.
        let book = await DiskThreads.book(directory, onEvent)
        let measurements = try await measure(joined, known: book.links(cluster: cluster))
        let shape = ProfiledShape(model.description, model.tableEncodings)
        let memory = Dictionary(joined.map { ($0.worker.name, $0.capabilities.memoryByteCount) }) { $1 }
        await DiskThreads.keep(directory, onEvent) { book in
            book.record(measurements, cluster: cluster, shape: shape, memory: memory)
        }
        return measurements
    }

    func plan(
        _ workers: [WorkerEntry], _ joined: [WorkerControl], _ measurements: ClusterMeasurements?,
        _ settings: StageSettings
    ) throws(PlanError) -> Plan {
        let goal = measurements.map {
            PlanGoal(
                concurrency: settings.cache.slots, hiddenSize: model.description.hiddenSize, links: $0.links)
        }
        return try StagePlanner.plan(
            cost: ModelCost(of: model, settings), workers: offers(workers, joined, measurements, settings),
            goal: goal, reserves: request.reserves)
    }

    /// What those that joined bring to a plan.
    func offers(
        _ workers: [WorkerEntry], _ joined: [WorkerControl], _ measurements: ClusterMeasurements?,
        _ settings: StageSettings
    ) -> [WorkerOffer] {
        // A worker says which of several stages it means to connect to if it knows that there may be several.
        let stagesMax = joined.map(\.stagesMax).min() ?? 1
        return workers.compactMap { entry -> WorkerOffer? in
            guard let control = joined.first(where: { $0.worker.name == entry.name }) else { return nil }
            let reported = control.capabilities.memoryByteCount
            let measured = measurements?.workers[entry.name]
            let machine = StageMachine(
                isa: control.capabilities.isa, threadCount: Int(clamping: control.capabilities.threadCount))
            return WorkerOffer(
                name: entry.name, address: "\(entry.address)",
                memoryByteCount: min(reported, entry.memoryByteCount ?? reported),
                assignedLayers: entry.layers, isSpare: entry.isSpare, stagesMax: stagesMax,
                memoryCost: MemoryCost(
                    model.account(settings, on: machine), layerWeights: measured?.layerByteCount),
                profile: measured?.profile)
        }
    }

    /// Has the worker of every stage but the last connect to its neighbour; a worker of several one after the other.
    private func link(_ stages: [WorkerControl]) async throws {
        var linking: [(control: WorkerControl, stages: [Int])] = []
        for (index, control) in stages.dropLast().enumerated() {
            if let known = linking.firstIndex(where: { $0.control === control }) {
                linking[known].stages.append(index)
            } else {
                linking.append((control, [index]))
                control.sendLink(ofStage: index)
            }
        }
        for (control, indices) in linking {
            for index in indices {
                if index != indices.first { control.sendLink(ofStage: index) }
                do {
                    _ = try await control.expect(
                        .linked, within: Limits.connectTimeout + Limits.handshakeTimeout)
                } catch let error as ClusterError where error.code == .link {
                    standing.met {
                        $0.append(cutFrom: control.worker.name, to: stages[index + 1].worker.name)
                    }
                    throw error
                }
            }
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
                return ClusterPipeline(
                    stageCount: stages.count, lossTimeout: request.lossTimeout, steps: steps, results: results
                )
            } catch {
                results.close()
                throw error
            }
        } catch let error as any RemediableError {
            throw ClusterError(.link, "the pipeline cannot be connected: \(error.message)")
        }
    }
}
