// SPDX-License-Identifier: MIT

import BitNetCore

/// Divides layers by what workers and links take, so that a round is as short as can be.
///
/// A round is one token of every sequence: all its steps pass the slowest stage or link, one after the other,
/// and each step passes all of them. With many sequences that makes the slowest stage as fast as can be, with
/// one stream the sum of all.
struct TimedSplit {
    let costs: StageCosts
    let workers: [WorkerOffer]
    let goal: PlanGoal

    /// What another plan must gain to be worth a remark.
    private static let remarkableGain = 1.02

    /// - Returns: `nil` if there is none.
    func plan() -> Plan? {
        let (all, isExact) = search.all()
        guard let best = Self.best(of: all) else { return nil }
        var first = 0
        var stages: [PlannedStage] = []
        for (index, count) in zip(best.lineup.workers, best.counts) {
            guard let layers = LayerRange(first: first, end: costs.end(of: count, from: first)) else {
                return nil
            }
            stages.append(StagePlanner.stage(stages.count, workers[index], layers, costs))
            first = layers.end
        }
        let used = Set(best.lineup.workers)
        let unused = workers.indices.filter { !used.contains($0) }
        var plan = Plan(
            stages: stages, unused: unused.map { workers[$0].name }, basis: .time(inBestOrder: isExact))
        plan.groupCount = best.groupCount
        plan.notes += leftOutNotes(unused, best, all)
        if !isExact {
            plan.notes.append(
                "\(workers.count) workers that differ are too many to try all orders: they stand in the order of the file"
            )
        }
        plan.notes += [memoryNote(best), singleStreamNote(best)].compactMap(\.self)
        return plan
    }

    private var search: LineupSearch { LineupSearch(costs: costs, workers: workers, goal: goal) }

    /// The shortest round; of several equal ones that with the most stages, so that nobody is idle for nothing.
    static func best(of all: [LineupSearch.Found]) -> LineupSearch.Found? {
        guard let least = all.map(\.roundSeconds).min() else { return nil }
        return all.last { $0.roundSeconds <= least * Lineup.slack }
    }

    // MARK: Remarks

    private func rate(_ found: LineupSearch.Found, concurrency: Int) -> String {
        (Double(concurrency) / found.roundSeconds).threeDigits + " tokens/s"
    }

    /// A sentence for each reason, with all whom it keeps out.
    private func leftOutNotes(
        _ unused: [Int], _ best: LineupSearch.Found, _ all: [LineupSearch.Found]
    ) -> [String] {
        var names: [(reason: String, names: [String])] = []
        for index in unused {
            let reason = reason(toLeaveOut: index, best, all)
            if let known = names.firstIndex(where: { $0.reason == reason }) {
                names[known].names.append(workers[index].name)
            } else {
                names.append((reason, [workers[index].name]))
            }
        }
        return names.map {
            "\($0.names.joined(separator: ", ")) \($0.names.count == 1 ? "is" : "are") left out: \($0.reason)"
        }
    }

    private func reason(
        toLeaveOut index: Int, _ best: LineupSearch.Found, _ all: [LineupSearch.Found]
    ) -> String {
        if costs.segmentCount <= best.counts.count {
            return "there are no more \(costs.segmentLayers == 1 ? "layers" : "segments") than stages"
        }
        let memory = workers[index].memoryByteCount
        let held = (workers[index].memoryCost ?? costs.cost.memory)
            .layerCountMax(in: memory, of: costs.layerCount, isFirst: false, isLast: false)
        if held < costs.segmentLayers { return "\(ByteCount.text(memory)) do not hold one \(costs.unitName)" }
        guard let more = all.first(where: { $0.counts.count == best.counts.count + 1 }) else {
            return "no plan with one stage more fits"
        }
        return "one stage more makes it \(rate(more, concurrency: goal.concurrency)) instead of "
            + "\(rate(best, concurrency: goal.concurrency)) with \(goal.concurrency) at a time"
    }

    /// Says so if memory keeps layers from where they would be computed faster.
    private func memoryNote(_ best: LineupSearch.Found) -> String? {
        var roomy = workers
        for index in roomy.indices { roomy[index].memoryByteCount = .max / 2 }
        let all = LineupSearch(costs: costs, workers: roomy, goal: goal).all().found
        guard let free = Self.best(of: all), free.roundSeconds * Self.remarkableGain < best.roundSeconds
        else {
            return nil
        }
        return "memory decides: with enough of it on every worker it would be "
            + "\(rate(free, concurrency: goal.concurrency)) instead of \(rate(best, concurrency: goal.concurrency))"
    }

    /// Says so if fewer workers, or others, would be faster for one stream.
    private func singleStreamNote(_ best: LineupSearch.Found) -> String? {
        guard goal.concurrency > 1 else { return nil }
        var single = goal
        single.concurrency = 1
        let search = LineupSearch(costs: costs, workers: workers, goal: single)
        guard let alone = Self.best(of: search.all().found), alone.counts.count < best.counts.count else {
            return nil
        }
        let round = RoundCosts(
            costs: costs, workers: workers, goal: single, stageCount: best.counts.count)
        let now = LineupSearch.Found(
            lineup: Lineup(costs: round, workers: best.lineup.workers), counts: best.counts)
        guard alone.roundSeconds * Self.remarkableGain < now.roundSeconds else { return nil }
        let names = alone.lineup.workers.map { workers[$0].name }.joined(separator: ", ")
        return "one stream alone would be faster on \(names): \(rate(alone, concurrency: 1)) instead of "
            + rate(now, concurrency: 1)
    }
}
