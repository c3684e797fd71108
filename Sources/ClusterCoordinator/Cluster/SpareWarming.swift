// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterPlanning
import ClusterTransport
import ClusterWire
import Synchronization

/// Has the workers that stand by hold what others compute with, so that a loss costs no loading.
///
/// A spare is joined as any worker is; it gets all parts of the model, and loads as many neighbouring stages as its
/// memory holds. It is let go with the pipeline, and keeps its weights in memory for its `--linger`, in which the next
/// pipeline finds them.
struct SpareWarming: Sendable {
    private let assembly: ClusterAssembly
    private let plan: Plan
    private let settings: StageSettings
    private let packed: PackedModel
    private let choice: SpareChoice

    init(_ assembly: ClusterAssembly, _ plan: Plan, _ settings: StageSettings, _ packed: PackedModel) {
        self.assembly = assembly
        self.plan = plan
        self.settings = settings
        self.packed = packed
        choice = SpareChoice(for: plan, cost: ModelCost(of: assembly.model, settings))
    }

    /// Keeps all of `spares` ready until the task is cancelled; returns when they are let go.
    func run(_ spares: [WorkerEntry]) async {
        await withDiscardingTaskGroup { group in
            for spare in spares { group.addTask { await keepWarm(spare) } }
        }
    }

    private func keepWarm(_ spare: WorkerEntry) async {
        try? await Task.sleep(for: Limits.spareDelay)
        var lastReason: String?
        while !Task.isCancelled {
            do {
                try await hold(spare)
            } catch {
                assembly.standing.holds(spare.name, nil)
                // What is tried in vain again and again is no news.
                if !Task.isCancelled, error.words != lastReason {
                    assembly.onEvent(.notStandingBy(worker: spare.name, reason: error.words))
                }
                lastReason = error.words
                try? await Task.sleep(for: Limits.spareRetryInterval)
            }
        }
    }

    /// Readies one spare, and holds it until it is lost or the task is cancelled.
    private func hold(_ spare: WorkerEntry) async throws {
        let (losses, loss) = AsyncStream<ClusterError>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let worker = WorkerIdentity(name: spare.name, address: "\(spare.address)")
        let control = try await assembly.reach(worker, within: Limits.connectTimeout) { loss.yield($0) }
        do {
            try await ready(spare, control)
            for await error in losses { throw error }
            await [control].letGo()
        } catch {
            // The connection of the weights may end before the worker's own words are there.
            var error = error
            if let broken = error as? TransportError { error = await control.cause(of: broken) }
            await [control].letGo()
            throw error
        }
    }

    private func ready(_ spare: WorkerEntry, _ control: WorkerControl) async throws {
        let model = assembly.model
        guard let all = LayerRange(first: 0, end: model.description.layerCount),
            let offer = assembly.offers([spare], [control], nil, settings).first
        else { return }
        let held = assembly.standing.service?.warm.filter { $0.key != spare.name }.map(\.value) ?? []
        guard let layers = choice.layers(for: offer, beside: held) else {
            throw ClusterError(
                .configuration,
                "it has room for no stage: \(ByteCount.text(offer.memoryByteCount)) may be used, the smallest needs "
                    + ByteCount.text(plan.stages.map(\.memoryByteCount).min() ?? 0), worker: spare.name)
        }
        // Whatever is lost, what the spare lacks in memory it has on its disk.
        let store = Shipment(to: control, model: packed, layers: [all], dialer: assembly.dialer) { _ in }
        try await store.run()
        let stage = PlannedStage(
            index: 0, worker: spare.name, address: offer.address, layers: layers, wireByteCount: 0,
            readByteCount: 0, memoryByteCount: 0)
        let rest = Shipment(to: control, model: packed, layers: [layers], dialer: assembly.dialer) { _ in }
        // Of a pipeline of its own, in which nobody sends it anything.
        let load = WorkerLoad(control: control, stages: [stage], next: [nil], stageCount: 1)
        let ready = try await assembly.load(load, settings, packed, rest)
        assembly.standing.holds(spare.name, layers)
        assembly.onEvent(
            .standingBy(
                worker: spare.name, layers, residentByteCount: ready.residentByteCount,
                sentByteCount: store.sentByteCount))
    }
}
