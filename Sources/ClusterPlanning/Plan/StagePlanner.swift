// SPDX-License-Identifier: MIT

import BitNetCore

/// Divides a model's layers among workers.
package enum StagePlanner {
    /// The shortest round in which every worker has a stage, whether that is wise or not.
    ///
    /// - Precondition: every worker has a profile, and there are no more of them than segments.
    package static func lineup(
        ofAll workers: [WorkerOffer], cost: ModelCost, goal: PlanGoal
    ) -> (stages: [(worker: String, layerCount: Int)], groupCount: Int)? {
        let costs = StageCosts(cost)
        let search = LineupSearch(costs: costs, workers: workers, goal: goal)
        return search.everyone().map { found in
            let stages = zip(found.lineup.workers, costs.layerCounts(ofSegments: found.counts)).map {
                (worker: workers[$0].name, layerCount: $1)
            }
            return (stages, found.groupCount)
        }
    }

    /// - Parameters:
    ///   - cost: what the model's parts cost.
    ///   - workers: in the order in which a step shall travel, unless layers are assigned to them; spares
    ///     are left out.
    ///   - goal: with it, and if every worker has a profile, the division is by time and the order is chosen too;
    ///     else it is by bytes.
    ///   - reserves: whether the workers that are used must have room for the layers of any one of them.
    /// - Throws: ``PlanError`` naming the layers, the workers and the bytes that are short.
    package static func plan(
        cost: ModelCost, workers: [WorkerOffer], goal: PlanGoal? = nil, reserves: Bool = false
    ) throws(PlanError) -> Plan {
        let plan = try plan(cost, workers, goal)
        if reserves { try plan.checkReserve(cost: cost, workers: workers.filter { !$0.isSpare }) }
        return plan
    }

    private static func plan(
        _ cost: ModelCost, _ workers: [WorkerOffer], _ goal: PlanGoal?
    ) throws(PlanError) -> Plan {
        if let reason = cost.invalidity { throw PlanError(.cost, reason) }
        let workers = workers.filter { !$0.isSpare }
        guard !workers.isEmpty else {
            throw PlanError(.workers, "there is no worker that is not a spare; add one to workers.yaml")
        }
        guard workers.count <= Limits.workersMax else {
            throw PlanError(.workers, "\(workers.count) workers; at most \(Limits.workersMax) can be used")
        }
        for worker in workers {
            guard let reason = worker.memoryCost?.invalidity else { continue }
            throw PlanError(.cost, "worker \(worker.name): \(reason)")
        }
        let costs = StageCosts(cost)
        let assigned = workers.filter { $0.assignedLayers != nil }
        if assigned.isEmpty { return try divide(costs: costs, workers: workers, goal: goal) }
        guard assigned.count == workers.count else {
            let without = workers.filter { $0.assignedLayers == nil }.map(\.name).joined(separator: ", ")
            throw PlanError(
                .layers, "layers are given for some workers but not for \(without); give them for all or none"
            )
        }
        return try planAssigned(costs: costs, workers: workers)
    }

    private static func divide(
        costs: StageCosts, workers: [WorkerOffer], goal: PlanGoal?
    ) throws(PlanError) -> Plan {
        let without = workers.filter { $0.profile == nil }.map(\.name)
        if let goal, without.isEmpty,
            let plan = TimedSplit(costs: costs, workers: workers, goal: goal).plan()
        {
            return plan
        }
        var plan = try ContiguousSplit(costs: costs, workers: workers).plan()
        if goal != nil, !without.isEmpty {
            plan.notes.append(
                "divided by bytes, as if all workers were equally fast: there are no measurements of "
                    + without.joined(separator: ", "))
        }
        return plan
    }

    private static func planAssigned(
        costs: StageCosts, workers: [WorkerOffer]
    ) throws(PlanError) -> Plan {
        let placed = workers.compactMap { worker in worker.assignedLayers.map { (worker, $0) } }
            .sorted { ($0.1.first, $0.1.end) < ($1.1.first, $1.1.end) }
        var stages: [PlannedStage] = []
        var covered = 0
        for (worker, layers) in placed {
            guard layers.end <= costs.layerCount else {
                throw PlanError(
                    .layers,
                    "worker \(worker.name) is given layers \(layers), but the model's last layer is "
                        + "\(costs.layerCount - 1)")
            }
            guard costs.isCut(before: layers.first), costs.isCut(before: layers.end) else {
                throw PlanError(
                    .layers,
                    "worker \(worker.name) is given layers \(layers), but text is cut into segments of "
                        + "\(costs.segmentLayers) layers, which stay together; let its layers begin with a multiple "
                        + "of \(costs.segmentLayers) and end before one, or choose other --segment-layers")
            }
            if let previous = stages.last, layers.first < covered {
                throw PlanError(
                    .layers,
                    "layers \(previous.layers) of worker \(previous.worker) and layers \(layers) of worker "
                        + "\(worker.name) overlap")
            }
            guard layers.first == covered else {
                throw missing(covered..<layers.first, after: stages.last)
            }
            stages.append(stage(stages.count, worker, layers, costs))
            covered = layers.end
        }
        guard covered == costs.layerCount else {
            throw missing(covered..<costs.layerCount, after: stages.last)
        }
        try checkMemory(stages, placed.map(\.0))
        return Plan(stages: stages, unused: [], basis: .assignment)
    }

    static func stage(
        _ index: Int, _ worker: WorkerOffer, _ layers: LayerRange, _ costs: StageCosts
    ) -> PlannedStage {
        PlannedStage(
            index: index, worker: worker.name, address: worker.address, layers: layers,
            wireByteCount: costs.wireByteCount(layers.first, layers.end),
            readByteCount: costs.readByteCount(layers.first, layers.end),
            memoryByteCount: costs.memoryByteCount(worker, layers.first, layers.end))
    }

    private static func missing(_ layers: Range<Int>, after stage: PlannedStage?) -> PlanError {
        let which =
            layers.count == 1
            ? "layer \(layers.lowerBound) is" : "layers \(layers.lowerBound)-\(layers.upperBound - 1) are"
        let after = stage.map { ": worker \($0.worker) ends with layer \($0.layers.end - 1)" } ?? ""
        return PlanError(.layers, "\(which) given to no worker\(after)")
    }

    private static func checkMemory(
        _ stages: [PlannedStage], _ workers: [WorkerOffer]
    ) throws(PlanError) {
        var short: UInt64 = 0
        var reasons: [String] = []
        for (stage, worker) in zip(stages, workers) where stage.memoryByteCount > worker.memoryByteCount {
            let missing = stage.memoryByteCount - worker.memoryByteCount
            short += missing
            reasons.append(
                "worker \(worker.name) needs \(ByteCount.text(stage.memoryByteCount)) for layers \(stage.layers) "
                    + "but may use \(ByteCount.text(worker.memoryByteCount)): \(missing) bytes short")
        }
        guard reasons.isEmpty else {
            throw PlanError(
                .memory,
                reasons.joined(separator: "; ") + ". Give it fewer layers, or lower --ctx-size or --parallel",
                shortByteCount: short)
        }
    }
}
