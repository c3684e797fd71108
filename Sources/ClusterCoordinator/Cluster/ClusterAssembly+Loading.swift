// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterPlanning
import ClusterTransport
import ClusterWire

extension ClusterAssembly {
    /// Has all workers take their shards and load them, side by side; the model is converted meanwhile.
    ///
    /// - Returns: what the model's parts are.
    func load(
        _ plan: Plan, _ settings: StageSettings, _ stages: [WorkerControl]
    ) async throws -> PackedModel {
        let (model, store) = (model, store)
        let states = standing.name(model.states(settings, cuts: plan.stages.dropFirst().map(\.layers.first)))
        // Not on this task's thread: heartbeats must not wait for a disk.
        let packed = try await DiskThreads.run { try PackedModel(file: model, store: store) }
        if packed.wasKept { onEvent(.converted) }
        let loads = loads(of: plan, on: stages)
        let shipments = loads.map { load in
            Shipment(to: load.control, model: packed, layers: load.stages.map(\.layers), dialer: dialer) {
                onEvent(.shipping($0))
            }
        }
        defer { onEvent(.shipped(byteCount: shipments.reduce(0) { $0 + $1.sentByteCount })) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            // A conversion that nobody waits for any more shall not go on.
            defer { packed.stop() }
            let order = Self.order(plan, of: model)
            group.addTask {
                try await DiskThreads.run { try packed.convert(order: order) { onEvent(.converting($0)) } }
                if let failure = packed.storeFailure {
                    onEvent(.warning("converted weights are not kept: \(failure.message)"))
                }
            }
            for (load, shipment) in zip(loads, shipments) {
                let control = load.control
                group.addTask {
                    do {
                        if !packed.wasKept { try await shipment.run() }
                        let ready = try await self.load(load, settings, states: states, packed, shipment)
                        onEvent(.ready(worker: control.worker.name, ready))
                    } catch {
                        // The connection of the weights may end before the worker's own words are there.
                        var error = error
                        if let broken = error as? TransportError { error = await control.cause(of: broken) }
                        if let error = error as? ClusterError, error.code == .fault {
                            standing.met { $0.append(unfit: control.worker.name) }
                        }
                        throw error
                    }
                }
            }
            do {
                try await withTaskCancellationHandler {
                    try await group.waitForAll()
                } onCancel: {
                    // A thread that packs knows of no cancellation.
                    packed.stop()
                }
            } catch {
                group.cancelAll()
                packed.stop()
                throw error
            }
        }
        return packed
    }

    /// The parts in the order in which stages need them: first the first of each stage, and so on.
    private static func order(_ plan: Plan, of model: ModelFile) -> [PartReference.Kind] {
        let stages = plan.stages.map { ShardManifest.kinds(layers: $0.layers, of: model.description) }
        return (0..<(stages.map(\.count).max() ?? 0)).flatMap { index in
            stages.compactMap { index < $0.count ? $0[index] : nil }
        }
    }

    /// What each worker of a plan is to load, in the order of their first stages.
    ///
    /// - Parameter stages: who serves each stage of `plan`.
    private func loads(of plan: Plan, on stages: [WorkerControl]) -> [WorkerLoad] {
        plan.workers.compactMap { name in
            let own = plan.stages.filter { $0.worker == name }
            guard let first = own.first else { return nil }
            let next = own.map { $0.index + 1 }.map { index in
                index < stages.count
                    ? WorkerLoad.Next(
                        worker: stages[index].worker,
                        hasSeveral: plan.stages.count { $0.worker == plan.stages[index].worker } > 1) : nil
            }
            return WorkerLoad(
                control: stages[first.index], stages: own, next: next, stageCount: plan.stages.count)
        }
    }

    /// Has one worker take its shards and load them.
    ///
    /// Parts that are still being made are sent as they are; a shard whose parts are all known is assigned at once,
    /// so that the worker can look for them and load on its own.
    ///
    /// - Parameter states: what it knows of sequences may outlive it under this name.
    /// - Returns: what it says once it is ready.
    func load(
        _ load: WorkerLoad, _ settings: StageSettings, states: ContentDigest? = nil, _ packed: PackedModel,
        _ shipment: Shipment
    ) async throws -> Ready {
        let control = load.control
        let manifests = load.stages.map { packed.manifest(layers: $0.layers) }
        for assignment in load.assignments(manifests, settings, states) {
            control.send(try Frame(assignment))
        }
        let answer = try await control.expect(.storeStatus, within: Limits.loadTimeout)
        let complete = Set(
            try StoreStatus.decode(answer.payload).parts.filter(\.isComplete).map(\.digest))
        if !manifests.allSatisfy({ $0.files.allSatisfy { complete.contains($0.digest) } }) {
            try await shipment.run(complete: complete)
        } else if packed.wasKept {
            shipment.reportNothing()
        }
        return try Ready.decode(await control.expect(.ready, within: Limits.loadTimeout).payload)
    }
}

extension ClusterEvent {
    fileprivate static func ready(worker: String, _ ready: Ready) -> ClusterEvent {
        .ready(
            worker: worker, kernel: ready.kernel, residentByteCount: ready.residentByteCount,
            loadTime: .microseconds(Int64(clamping: ready.loadMicros)))
    }
}
