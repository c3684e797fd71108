// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning
import TestSupport
import TextGeneration

/// A line of the cluster file.
struct WorkerPlace: Equatable, Sendable {
    let name: String
    let host: Int
    let isSpare: Bool
    let memoryByteCount: UInt64
}

/// The cluster of a history, before anything befalls it.
struct Setting: Equatable, Sendable {
    let workers: [WorkerPlace]
    let layerCount: Int
    let contextLength: Int
    /// As by `--parallel`; `nil` leaves it to what fits.
    let slotCount: Int?
    let prefillChunk: Int
    let waitingMax: Int
    let failoverTimeout: Duration
    /// Whether the coordinator knows the parts before it needs them.
    let isPacked: Bool
    /// What a step takes on a stage, and for each entry and layer.
    let stepTime: Duration
    let entryTime: Duration
    /// From one host to another, at least and at most.
    let latency: ClosedRange<Duration>
    private let partByteCount: UInt64

    init(_ random: inout SeededGenerator) {
        layerCount = random.roll(3...9)
        contextLength = random.once(in: 3) ? random.roll(100...160) : random.roll(24...80)
        slotCount = random.once(in: 2) ? random.roll(1...6) : nil
        prefillChunk = random.roll(2...24)
        waitingMax = random.once(in: 6) ? random.roll(0...3) : 64
        failoverTimeout = random.once(in: 3) ? .seconds(random.roll(3...25)) : Limits.failoverTimeout
        isPacked = random.roll(0...9) > 1
        stepTime = .microseconds(random.roll(1000...25_000))
        entryTime = .microseconds(random.roll(20...400))
        latency =
            random.once(in: 3)
            ? .microseconds(500) ... .milliseconds(random.roll(2...250))
            : .microseconds(100) ... .microseconds(400)
        partByteCount = UInt64(clamping: random.roll(4_000...400_000))
        let stageCount = random.roll(1...min(4, layerCount))
        let spareCount = [0, 0, 1, 1, 2][random.roll(0...4)]
        // Of what all layers take, from just enough to enough for two.
        let whole = Self.memory(slotCount: slotCount ?? 6, layerCount: layerCount)
        let least = whole / UInt64(clamping: stageCount)
        workers = (0..<stageCount + spareCount).map { index in
            let factor = UInt64(
                clamping: random.once(in: 2) ? random.roll(120...160) : random.roll(160...320))
            return WorkerPlace(
                name: "w\(index)", host: index, isSpare: index >= stageCount,
                memoryByteCount: least * factor / 100 + 40)
        }
    }

    /// A cluster by its workers' memory, and what does not matter as it is usually.
    init(memory: [UInt64], spares: [UInt64], layerCount: Int) {
        workers = (memory + spares).enumerated().map { index, byteCount in
            WorkerPlace(
                name: "w\(index)", host: index, isSpare: index >= memory.count, memoryByteCount: byteCount)
        }
        self.layerCount = layerCount
        contextLength = 80
        slotCount = nil
        prefillChunk = 16
        waitingMax = 64
        failoverTimeout = Limits.failoverTimeout
        isPacked = true
        stepTime = .milliseconds(5)
        entryTime = .microseconds(100)
        latency = .microseconds(100) ... .microseconds(400)
        partByteCount = 100_000
    }

    private static func memory(slotCount: Int, layerCount: Int) -> UInt64 {
        UInt64(clamping: layerCount * (20 + slotCount) + 20)
    }

    private func cost(slotCount: Int) -> ModelCost {
        ModelCost(
            layerByteCounts: Array(repeating: partByteCount, count: layerCount),
            embeddingByteCount: partByteCount / 2,
            outputNormByteCount: 100, headByteCount: partByteCount / 3, headSharesEmbedding: false,
            memory: MemoryCost(
                perLayer: UInt64(clamping: 20 + slotCount), forFirst: 5, forLast: 5, perStage: 3))
    }

    /// All of them.
    var layers: LayerRange {
        guard let layers = LayerRange(first: 0, end: layerCount) else {
            preconditionFailure("a model of \(layerCount) layers")
        }
        return layers
    }

    func parts(of layers: LayerRange) -> [PartReference] {
        func part(_ kind: PartReference.Kind, _ number: Int, _ byteCount: UInt64) -> PartReference {
            PartReference(kind: kind, digest: .counted(number), byteCount: byteCount)
        }
        var parts = layers.indices.map {
            part(.layer($0), 10 + $0, partByteCount + UInt64(clamping: $0))
        }
        if layers.first == 0 { parts.insert(part(.embedding, 1, partByteCount / 2), at: 0) }
        if layers.end == layerCount {
            parts += [part(.outputNorm, 2, 100), part(.head, 3, partByteCount / 3)]
        }
        return parts
    }

    // MARK: What the coordinator's assembly and host do with the planner and the schedule

    func plan(_ offers: [WorkerOffer]) throws(PlanError) -> (slotCount: Int, plan: Plan) {
        let (slotCount, plan) = try SlotCounts.first(wanted: slotCount) { slotCount throws(PlanError) in
            try StagePlanner.plan(cost: cost(slotCount: slotCount), workers: offers)
        }
        return (slotCount, plan)
    }

    func failover(
        after service: ClusterStanding.Service, _ offers: [WorkerOffer], isPatient: Bool
    ) throws(PlanError) -> (slotCount: Int, plan: Plan) {
        try service.obstacles.first(whileOthersMayCome: isPatient) { avoided throws(PlanError) in
            try failover(after: service, offers, avoiding: avoided)
        }
    }

    private func failover(
        after service: ClusterStanding.Service, _ offers: [WorkerOffer], avoiding avoided: Set<String>
    ) throws(PlanError) -> (slotCount: Int, plan: Plan) {
        let offers = offers.filter { !avoided.contains($0.name) }
        let (slotCount, plan) = try SlotCounts.first(wanted: slotCount) { slotCount throws(PlanError) in
            let cost = cost(slotCount: slotCount)
            if service.isAnew, let plan = try? StagePlanner.plan(cost: cost, workers: offers) { return plan }
            return try FailoverPlan(
                after: service.plan, cost: cost, workers: offers, drained: service.drained, avoided: avoided
            ).plan()
        }
        return (slotCount, plan)
    }

    /// What a step takes on its way through all stages.
    var stepMax: Duration {
        let entries = max(prefillChunk, slotCount ?? 1)
        return (stepTime + latency.upperBound) * (workers.count + 1) + entryTime * entries * layerCount
    }

    func schedule(for plan: Plan, slotCount: Int) -> GenerationSchedule {
        GenerationSchedule(
            stageCount: plan.stages.count, slotCount: slotCount, contextLength: contextLength,
            vocabularySize: Int(clamping: ToyModel.vocabulary), prefillChunk: prefillChunk,
            groupCount: plan.groupCount, waitingMax: waitingMax)
    }

    // MARK: What must hold of every plan

    /// What is wrong with a plan, or `nil`: each layer once, no worker next to itself, and each with room for what it gets.
    func fault(in plan: Plan, _ offers: [WorkerOffer]) -> String? {
        var end = 0
        for stage in plan.stages {
            guard stage.layers.first == end else {
                return "layers \(stage.layers) follow layer \(end - 1)"
            }
            end = stage.layers.end
            let own = plan.stages.filter { $0.worker == stage.worker }
            let need = own.reduce(0) { $0 + $1.memoryByteCount }
            let memory = offers.first { $0.name == stage.worker }?.memoryByteCount ?? 0
            if need > memory {
                return "worker \(stage.worker) gets \(need) bytes and has room for \(memory)"
            }
        }
        if end != layerCount { return "the plan has \(end) of \(layerCount) layers" }
        let names = plan.stages.map(\.worker)
        return zip(names, names.dropFirst()).contains { $0 == $1 } ? "two stages are one: \(names)" : nil
    }
}

extension Setting: CustomStringConvertible {
    var description: String {
        let places = workers.map {
            "\($0.name)\($0.isSpare ? " (spare)" : "") \($0.memoryByteCount) bytes"
        }
        return
            "\(places.joined(separator: ", ")); \(layerCount) layers, context \(contextLength), "
            + "slots \(slotCount.map(String.init) ?? "as fit"), chunk \(prefillChunk), queue \(waitingMax), "
            + "failover timeout \(failoverTimeout), \(isPacked ? "packed" : "not packed")"
    }
}
