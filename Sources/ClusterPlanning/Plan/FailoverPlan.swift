// SPDX-License-Identifier: MIT

package import BitNetCore

/// Who takes over the layers of workers that are lost, so that as little as possible moves.
///
/// Tried in this order: a worker without a stage takes a lost one as it is, one that holds its layers in memory first;
/// the neighbours of a gap share it; a worker elsewhere serves what they have no room for as one more stage; all layers
/// are divided anew.
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
        let kept = Placement(
            costs: costs,
            stages: standing.stages.compactMap { stage in
                workers.first { $0.name == stage.worker }.map { ($0, stage.layers) }
            })
        // A worker may have come back with less memory than it had.
        guard kept.fits, let (placement, notes) = fill(gaps(lost), in: kept) else {
            return try divided(without: lost)
        }
        return placement.plan(unused: workers.map(\.name), notes: notes)
    }

    private func fill(
        _ gaps: [[PlannedStage]], in placement: Placement
    ) -> (placement: Placement, notes: [String])? {
        var placement = placement
        var notes: [String] = []
        for gap in gaps {
            if let taken = replace(gap, in: placement) ?? share(gap, in: placement)
                ?? host(gap, in: placement)
            {
                placement = placement.with(taken)
                notes += taken.map { note($0, of: gap) }
            } else if gap.count > 1, let filled = fill(gap.map { [$0] }, in: placement) {
                // Together they fit nobody.
                placement = filled.placement
                notes += filled.notes
            } else {
                return nil
            }
        }
        return (placement, notes)
    }

    private func note(_ taken: Placement.Stage, of gap: [PlannedStage]) -> String {
        let memory = isWarm(taken.worker, for: taken.layers) ? "; it holds them in memory" : ""
        return "layers \(taken.layers) go to worker \(taken.worker.name): \(fate(of: gap))\(memory)"
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

    /// Each lost stage as it is, on the first of the workers without a stage that has room for it.
    private func replace(_ gap: [PlannedStage], in placement: Placement) -> [Placement.Stage]? {
        var placement = placement
        var taken: [Placement.Stage] = []
        for stage in gap {
            let fitting = workers.filter {
                placement.stageCount(of: $0) == 0 && placement.with([($0, stage.layers)]).fits
            }
            guard let worker = fitting.first(where: { isWarm($0, for: stage.layers) }) ?? fitting.first
            else { return nil }
            placement = placement.with([(worker, stage.layers)])
            taken.append((worker, stage.layers))
        }
        return taken
    }

    /// The layers of a gap, by the workers before and behind it; as evenly as their memory allows.
    private func share(_ gap: [PlannedStage], in placement: Placement) -> [Placement.Stage]? {
        guard let layers = layers(of: gap) else { return nil }
        return placement.best(
            of: costs.cuts(in: layers).compactMap { cut in
                placement.divided(layers, middle: cut..<cut, for: nil)
            })
    }

    /// Some of the layers of a gap, or all, as a stage of its own beside those that a worker elsewhere has; the rest by
    /// the workers before and behind it.
    private func host(_ gap: [PlannedStage], in placement: Placement) -> [Placement.Stage]? {
        // Whoever is to connect to one of several stages must know how to say which.
        guard workers.allSatisfy({ $0.stagesMax > 1 }), let layers = layers(of: gap) else { return nil }
        let ends = placement.ends(ofMiddleIn: layers)
        let middles = ends.first.flatMap { first in ends.last.filter { $0 > first }.map { first..<$0 } }
        return placement.best(
            of: middles.flatMap { middle in
                workers.compactMap { placement.divided(layers, middle: middle, for: $0) }
            })
    }

    private func layers(of gap: [PlannedStage]) -> LayerRange? {
        guard let first = gap.first, let last = gap.last else { return nil }
        return LayerRange(first: first.layers.first, end: last.layers.end)
    }

    private func isWarm(_ worker: WorkerOffer, for layers: LayerRange) -> Bool {
        warm[worker.name]?.contains(layers) ?? false
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
