// SPDX-License-Identifier: MIT

/// Looks for the workers, their order and their segments with the shortest round.
struct LineupSearch {
    /// What was found for one number of stages.
    struct Found {
        let lineup: Lineup
        /// Segments of each stage.
        let counts: [Int]

        var roundSeconds: Double { lineup.roundSeconds(counts) }
        var bottleneckSeconds: Double { lineup.bottleneckSeconds(counts) }
        var groupCount: Int { lineup.costs.groupCount }
    }

    let costs: StageCosts
    let workers: [WorkerOffer]
    let goal: PlanGoal

    /// The shortest round for every number of stages for which there is a plan, ascending.
    func all() -> (found: [Found], isExact: Bool) {
        let stageCounts = 1...max(min(workers.count, costs.segmentCount), 1)
        if let groups = WorkerGroups(workers: workers, links: goal.links) {
            return (stageCounts.compactMap { best(stageCount: $0, groups) }, true)
        }
        return (inOrder(), false)
    }

    /// The shortest round in which every worker has a stage, in the file's order if they are too many to try all.
    func everyone() -> Found? {
        guard let groups = WorkerGroups(workers: workers, links: goal.links) else {
            return inOrder(Array(workers.indices))
        }
        return best(stageCount: workers.count, groups)
    }

    private func round(_ stageCount: Int, groupCount: Int? = nil) -> RoundCosts {
        RoundCosts(
            costs: costs, workers: workers, goal: goal, stageCount: stageCount, groupCount: groupCount)
    }

    /// What `search` finds with a group for each stage, or with the number of groups that suits that best.
    private func best(stageCount: Int, _ search: (RoundCosts) -> Found?) -> Found? {
        guard let usual = search(round(stageCount)) else { return nil }
        let profiles = workers.compactMap { worker in worker.profile.map { (worker.name, $0) } }
        let groupCount = PlanPrediction.bestGroupCount(
            stages: zip(usual.lineup.workers, costs.layerCounts(ofSegments: usual.counts)).map {
                (workers[$0].name, $1)
            },
            profiles: Dictionary(profiles) { first, _ in first }, goal: goal)
        guard let groupCount, groupCount != usual.groupCount,
            let other = search(round(stageCount, groupCount: groupCount)),
            other.roundSeconds < usual.roundSeconds
        else { return usual }
        return other
    }

    // MARK: All orders

    /// A set of workers, and the groups of its first and last stage.
    private struct Choice {
        let set: Int
        let counts: [Int]
        let first: Int
        let last: Int
    }

    /// Exact: tries every set of so many workers with every pair of ends.
    ///
    /// All that the order in between decides is how long the links take, and the shortest way over them is known.
    /// A choice is looked at closely only if it beats the best one so far.
    private func best(stageCount: Int, _ groups: WorkerGroups) -> Found? {
        let choices = choices(stageCount, groups)
        return best(stageCount: stageCount) { best(of: choices, $0, groups) }
    }

    private func best(of choices: [Choice], _ round: RoundCosts, _ groups: WorkerGroups) -> Found? {
        let steps = Double(round.round.stepCount)
        var paths = HopPaths(costs: round, groups: groups)
        var best: (found: Choice, value: Double)?
        for choice in choices {
            func attempt(_ seconds: Double) -> (found: Choice, value: Double)? {
                lineup(choice, round, groups, &paths, stageSecondsMax: seconds / steps)?.within(seconds)
                    .map { (choice, $0.value) }
            }
            // Any finite bound that is larger than all sums will do to begin with.
            let bound = best.map { $0.value * (1 - 1e-9) } ?? 1e18
            guard let first = attempt(bound) else { continue }
            best = Bisection.least(first.found, at: first.value, attempt: attempt)
        }
        guard let best else { return nil }
        let limit = best.value * Lineup.slack
        var even: (found: Choice, value: Double)?
        for choice in [best.found] + choices {
            func attempt(_ seconds: Double) -> (found: Choice, value: Double)? {
                lineup(choice, round, groups, &paths, stageSecondsMax: seconds)?
                    .within(bottleneck: seconds, roundSecondsMax: limit).map { (choice, $0.value) }
            }
            guard let first = attempt(even.map { $0.value * (1 - 1e-9) } ?? limit / steps) else { continue }
            even = Bisection.least(first.found, at: first.value, attempt: attempt)
        }
        let chosen = even?.found ?? best.found
        return placed(
            chosen, round, groups, &paths, stageSecondsMax: (even?.value ?? limit / steps) * Lineup.slack,
            roundSecondsMax: limit)
    }

    private func choices(_ stageCount: Int, _ groups: WorkerGroups) -> [Choice] {
        (1..<groups.setCount).flatMap { set -> [Choice] in
            let counts = groups.counts(of: set)
            guard counts.reduce(0, +) == stageCount else { return [] }
            let present = counts.indices.filter { counts[$0] > 0 }
            return present.flatMap { first in
                present.compactMap { last in
                    let isPossible = stageCount == 1 ? first == last : first != last || counts[first] > 1
                    return isPossible ? Choice(set: set, counts: counts, first: first, last: last) : nil
                }
            }
        }
    }

    /// The choice's workers, with the links of its shortest way; in between they stand in any order.
    private func lineup(
        _ choice: Choice, _ round: RoundCosts, _ groups: WorkerGroups, _ paths: inout HopPaths,
        stageSecondsMax: Double
    ) -> Lineup? {
        let links = paths.links(
            set: choice.set, first: choice.first, last: choice.last, transferSecondsMax: stageSecondsMax)
        guard let links else { return nil }
        var counts = choice.counts
        counts[choice.first] -= 1
        if round.stageCount > 1 { counts[choice.last] -= 1 }
        var workers = [groups.members[choice.first][0]]
        for (members, count) in zip(groups.members, counts) { workers += members.prefix(count) }
        if round.stageCount > 1, let last = groups.members[choice.last].last { workers.append(last) }
        return Lineup(
            costs: round, workers: workers, hopSeconds: links.seconds, transferSeconds: links.transferSeconds)
    }

    /// The choice's workers in an order: the file's if that costs little, else that of the shortest way.
    private func placed(
        _ choice: Choice, _ round: RoundCosts, _ groups: WorkerGroups, _ paths: inout HopPaths,
        stageSecondsMax: Double, roundSecondsMax: Double
    ) -> Found? {
        let members = zip(groups.members, choice.counts).flatMap { $0.prefix($1) }.sorted()
        let inFile = found(Lineup(costs: round, workers: members))
        let path = paths.path(
            set: choice.set, first: choice.first, last: choice.last, transferSecondsMax: stageSecondsMax)
        var taken = [Int](repeating: 0, count: groups.members.count)
        let order = path.map { group in
            defer { taken[group] += 1 }
            return groups.members[group][taken[group]]
        }
        guard let inOrder = found(Lineup(costs: round, workers: order)) else { return inFile }
        let most = Lineup.slack + goal.orderGainMin
        let isFileGoodEnough =
            inFile.map {
                $0.roundSeconds <= inOrder.roundSeconds * most
                    && $0.bottleneckSeconds <= inOrder.bottleneckSeconds * most
            } ?? false
        return isFileGoodEnough ? inFile : inOrder
    }

    private func found(_ lineup: Lineup) -> Found? {
        lineup.best().map { Found(lineup: lineup, counts: $0) }
    }

    // MARK: The file's order

    /// Workers up to which every one is tried for leaving out; of more the slowest goes.
    private static let triedMax = 64

    /// One worker after the other is left out, the one without which the round is shortest.
    private func inOrder() -> [Found] {
        let first = round(min(workers.count, costs.segmentCount))
        var order = workers.indices.filter { first.stages[$0].segmentCountMax[0] > 0 }
        while order.count > costs.segmentCount { order = without(slowestOf: order, first) }
        var all: [Found] = []
        while !order.isEmpty {
            guard let found = inOrder(order) else { break }
            all.append(found)
            guard order.count > 1 else { break }
            let next = self.round(order.count - 1)
            order = order.count > Self.triedMax ? without(slowestOf: order, next) : best(without: order, next)
        }
        return all.reversed()
    }

    private func inOrder(_ order: [Int]) -> Found? {
        best(stageCount: order.count) { found(Lineup(costs: $0, workers: order)) }
    }

    private func without(slowestOf order: [Int], _ round: RoundCosts) -> [Int] {
        let slowest = order.max { round.stages[$0].segmentSeconds < round.stages[$1].segmentSeconds }
        return order.filter { $0 != slowest }
    }

    private func best(without order: [Int], _ round: RoundCosts) -> [Int] {
        var best: (order: [Int], seconds: Double)?
        for index in order.indices {
            var rest = order
            rest.remove(at: index)
            let lineup = Lineup(costs: round, workers: rest)
            if let best, lineup.within(best.seconds * (1 - 1e-9)) == nil { continue }
            if let found = lineup.shortestRound() { best = (rest, found.value) }
        }
        return best?.order ?? []
    }
}
