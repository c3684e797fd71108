// SPDX-License-Identifier: MIT

package import BitNetCore

/// Who takes over the layers of workers that are lost, so that as little as possible moves.
///
/// Tried in this order: a worker without a stage takes a lost one as it is, one that holds its layers in memory first;
/// the neighbours of a gap share it; all layers are divided anew.
package struct FailoverPlan: Sendable {
    private let costs: StageCosts
    private let standing: Plan
    private let workers: [WorkerOffer]
    private let goal: PlanGoal?
    private let drained: Set<String>
    private let warm: [String: LayerRange]
    private let avoided: Set<String>

    /// - Parameters:
    ///   - standing: what was served.
    ///   - workers: those that answer, in the file's order, spares among them; layers that the operator chose for them
    ///     do not bind, as they leave the gap.
    ///   - goal: what a new division is by, if there is one.
    ///   - drained: workers that are not lost, but shall have no layers.
    ///   - warm: layers that workers without a stage hold in memory.
    ///   - avoided: workers that answer, but by which other attempts have failed.
    /// - Throws: ``PlanError`` for figures that no plan can be made of.
    package init(
        after standing: Plan, cost: ModelCost, workers: [WorkerOffer], goal: PlanGoal? = nil,
        drained: Set<String> = [], warm: [String: LayerRange] = [:], avoided: Set<String> = []
    ) throws(PlanError) {
        if let reason = cost.invalidity { throw PlanError(.cost, reason) }
        for worker in workers {
            guard let reason = worker.memoryCost?.invalidity else { continue }
            throw PlanError(.cost, "worker \(worker.name): \(reason)")
        }
        costs = StageCosts(cost)
        self.standing = standing
        self.goal = goal
        self.drained = drained
        self.warm = warm
        self.avoided = avoided
        self.workers = workers.filter { !avoided.contains($0.name) }.map { worker in
            var worker = worker
            worker.assignedLayers = nil
            worker.isSpare = false
            return worker
        }
    }

    /// The new plan; its notes say who takes what, and why.
    ///
    /// - Throws: ``PlanError`` with the bytes that are short.
    package func plan() throws(PlanError) -> Plan {
        let lost = standing.stages.filter { stage in !workers.contains { $0.name == stage.worker } }
        var placement = Placement(
            kept: standing.stages.compactMap { stage in
                workers.first { $0.name == stage.worker }.map { ($0, stage.layers) }
            })
        // A worker may have come back with less memory than it had.
        guard placement.stages.allSatisfy({ fits($0.layers, on: $0.worker) }) else {
            return try divided(without: lost)
        }
        var notes: [String] = []
        for gap in gaps(lost) {
            let free = workers.filter { worker in !placement.stages.contains { $0.worker.name == worker.name }
            }
            guard let filled = replace(gap, by: free) ?? share(gap, among: placement) else {
                return try divided(without: lost)
            }
            placement.take(filled)
            notes += filled.map { stage in
                let memory = isWarm(stage.worker, for: stage.layers) ? "; it holds them in memory" : ""
                return "layers \(stage.layers) go to worker \(stage.worker.name): \(fate(of: gap))\(memory)"
            }
        }
        return placement.plan(costs, unused: workers.map(\.name), notes: notes)
    }

    /// What has become of the workers of `gap`, for people.
    private func fate(of gap: [PlannedStage]) -> String {
        let names = gap.map(\.worker)
        let fate =
            if drained.isSuperset(of: names) {
                "is drained"
            } else if avoided.isSuperset(of: names) {
                "cannot serve now"
            } else {
                "is lost"
            }
        return "worker \(names.joined(separator: ", ")) \(fate)"
    }

    /// Runs of stages that were lost together.
    private func gaps(_ lost: [PlannedStage]) -> [[PlannedStage]] {
        var gaps: [[PlannedStage]] = []
        for stage in lost {
            if let last = gaps.last?.last, last.layers.end == stage.layers.first {
                gaps[gaps.count - 1].append(stage)
            } else {
                gaps.append([stage])
            }
        }
        return gaps
    }

    /// Each lost stage as it is, on the first of the free workers that has room for it.
    private func replace(_ gap: [PlannedStage], by free: [WorkerOffer]) -> [Placement.Stage]? {
        var free = free
        var stages: [Placement.Stage] = []
        for stage in gap {
            let fitting = free.indices.filter { fits(stage.layers, on: free[$0]) }
            let index = fitting.first { isWarm(free[$0], for: stage.layers) } ?? fitting.first
            guard let index else { return nil }
            stages.append((free.remove(at: index), stage.layers))
        }
        return stages
    }

    /// The layers of a gap, by the workers before and behind it; as evenly as their memory allows.
    private func share(_ gap: [PlannedStage], among placement: Placement) -> [Placement.Stage]? {
        guard let first = gap.first?.layers.first, let end = gap.last?.layers.end else { return nil }
        let before = placement.stages.first { $0.layers.end == first }
        let behind = placement.stages.first { $0.layers.first == end }
        var best: (stages: [Placement.Stage], load: UInt64)?
        for cut in first...end where costs.isCut(before: cut) {
            var stages: [Placement.Stage] = []
            if cut > first {
                guard let before, let layers = LayerRange(first: before.layers.first, end: cut) else {
                    continue
                }
                stages.append((before.worker, layers))
            }
            if cut < end {
                guard let behind, let layers = LayerRange(first: cut, end: behind.layers.end) else {
                    continue
                }
                stages.append((behind.worker, layers))
            }
            guard stages.allSatisfy({ fits($0.layers, on: $0.worker) }) else { continue }
            let load = max(
                before.map { costs.readByteCount($0.layers.first, cut) } ?? 0,
                behind.map { costs.readByteCount(cut, $0.layers.end) } ?? 0)
            if load < best?.load ?? .max { best = (stages, load) }
        }
        return best?.stages
    }

    private func isWarm(_ worker: WorkerOffer, for layers: LayerRange) -> Bool {
        warm[worker.name]?.contains(layers) ?? false
    }

    private func fits(_ layers: LayerRange, on worker: WorkerOffer) -> Bool {
        costs.memoryByteCount(worker, layers.first, layers.end) <= worker.memoryByteCount
    }

    private func divided(without lost: [PlannedStage]) throws(PlanError) -> Plan {
        var plan = try StagePlanner.plan(cost: costs.cost, workers: workers, goal: goal)
        let reason =
            lost.isEmpty
            ? "a worker has less memory than it had"
            : "nobody has room for those of worker \(lost.map(\.worker).joined(separator: ", ")) beside its own"
        plan.notes.append("all layers are divided anew: \(reason)")
        return plan
    }
}

/// Which worker has which layers, while a plan is made.
private struct Placement {
    typealias Stage = (worker: WorkerOffer, layers: LayerRange)

    private(set) var stages: [Stage]

    init(kept: [Stage]) {
        stages = kept
    }

    /// What its worker had before is part of what it takes.
    mutating func take(_ taken: [Stage]) {
        for stage in taken {
            stages.removeAll { $0.worker.name == stage.worker.name }
            stages.append(stage)
        }
        stages.sort { $0.layers.first < $1.layers.first }
    }

    func plan(_ costs: StageCosts, unused names: [String], notes: [String]) -> Plan {
        Plan(
            stages: stages.enumerated().map { StagePlanner.stage($0, $1.worker, $1.layers, costs) },
            unused: names.filter { name in !stages.contains { $0.worker.name == name } }, basis: .assignment,
            notes: notes)
    }
}
