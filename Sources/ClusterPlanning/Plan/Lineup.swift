// SPDX-License-Identifier: MIT

/// Workers in the order of their stages; how many segments each gets is to be found.
struct Lineup {
    let costs: RoundCosts
    /// Indices of workers, one for each stage.
    let workers: [Int]
    /// All links of a round, one step's transfers and delays.
    private let hopSeconds: Double
    /// The longest transfer on any of them.
    let transferSeconds: Double

    /// - Precondition: as many workers as `costs` has stages.
    init(costs: RoundCosts, workers: [Int]) {
        var hops = [costs.opening(to: workers[0]), costs.closing(from: workers[workers.count - 1])]
        for (sender, receiver) in zip(workers, workers.dropFirst()) {
            hops.append(costs.hop(from: sender, to: receiver))
        }
        self.init(
            costs: costs, workers: workers, hopSeconds: hops.reduce(0) { $0 + $1.seconds },
            transferSeconds: hops.map(\.transferSeconds).max() ?? 0)
    }

    /// With links whose figures are known already.
    init(costs: RoundCosts, workers: [Int], hopSeconds: Double, transferSeconds: Double) {
        self.costs = costs
        self.workers = workers
        self.hopSeconds = hopSeconds
        self.transferSeconds = transferSeconds
    }

    /// How long one token of every sequence takes: all steps pass the slowest stage or link, and each step
    /// passes all of them.
    func roundSeconds(_ counts: [Int]) -> Double {
        max(Double(costs.round.stepCount) * bottleneckSeconds(counts), passSeconds(counts))
    }

    /// What the slowest stage or link takes for one step.
    func bottleneckSeconds(_ counts: [Int]) -> Double {
        max(stageSeconds(counts).max() ?? 0, transferSeconds)
    }

    /// How long one step takes through all stages and back.
    func passSeconds(_ counts: [Int]) -> Double { stageSeconds(counts).reduce(hopSeconds, +) }

    func stageSeconds(_ counts: [Int]) -> [Double] {
        zip(workers, counts).enumerated().map { index, stage in
            costs.stages[stage.0].seconds(segments: stage.1, isLast: index == workers.count - 1)
        }
    }

    /// Segments of each stage, so that none takes longer than `stageSecondsMax` and a pass is as short as can be.
    ///
    /// A pass is a sum of terms that are linear in the segments, each between one and the stage's most:
    /// segments on the fastest worker that still has room make it least.
    func shortest(stageSecondsMax: Double) -> [Int]? {
        fill(stageSecondsMax) { caps in
            let order = workers.indices.sorted { segmentSeconds($0) < segmentSeconds($1) }
            var counts = [Int](repeating: 1, count: workers.count)
            var left = costs.segmentCount - workers.count
            for index in order {
                let more = min(caps[index] - 1, left)
                counts[index] += more
                left -= more
            }
            return counts
        }
    }

    /// Segments of each stage, so that none takes longer than `stageSecondsMax` and the squares of what they take
    /// are least in sum.
    ///
    /// Each square is convex in the segments, so giving one after the other to where it adds least is exact.
    func mostEven(stageSecondsMax: Double) -> [Int]? {
        fill(stageSecondsMax) { caps in
            var counts = [Int](repeating: 1, count: workers.count)
            var seconds = stageSeconds(counts)
            for _ in 0..<(costs.segmentCount - workers.count) {
                var best: (index: Int, more: Double)?
                for index in workers.indices where counts[index] < caps[index] {
                    let more = (2 * seconds[index] + segmentSeconds(index)) * segmentSeconds(index)
                    if best.map({ more < $0.more * (1 - 1e-9) }) ?? true { best = (index, more) }
                }
                guard let best else { break }
                counts[best.index] += 1
                seconds[best.index] += segmentSeconds(best.index)
            }
            return counts
        }
    }

    private func segmentSeconds(_ index: Int) -> Double { costs.stages[workers[index]].segmentSeconds }

    private func fill(_ stageSecondsMax: Double, _ body: ([Int]) -> [Int]) -> [Int]? {
        guard transferSeconds <= stageSecondsMax * (1 + 1e-12) else { return nil }
        let caps = workers.enumerated().map { index, worker in
            costs.stages[worker].segmentCount(
                within: stageSecondsMax, isFirst: index == 0, isLast: index == workers.count - 1)
        }
        guard caps.allSatisfy({ $0 >= 1 }), workers.count <= costs.segmentCount,
            caps.reduce(0, +) >= costs.segmentCount
        else { return nil }
        return body(caps)
    }

    // MARK: Choosing segments

    /// Segments of each stage for the shortest round, or `nil` if they fit nowhere.
    ///
    /// Of several the one with the fastest slowest stage, then the most even.
    func best() -> [Int]? {
        guard let (counts, seconds) = shortestRound() else { return nil }
        return settled(counts, roundSecondsMax: seconds * Self.slack)
    }

    /// Differences of this size are rounding.
    static let slack = 1 + 1e-9

    func shortestRound() -> (found: [Int], value: Double)? {
        guard let counts = shortest(stageSecondsMax: .infinity) else { return nil }
        return Bisection.least(counts, at: roundSeconds(counts), attempt: within)
    }

    /// Segments of each stage so that a round takes no longer than `seconds`, and how long it takes.
    ///
    /// More time never makes it impossible: it only raises how much each stage may have.
    func within(_ seconds: Double) -> (found: [Int], value: Double)? {
        guard let counts = shortest(stageSecondsMax: seconds / Double(costs.round.stepCount)) else {
            return nil
        }
        let reached = roundSeconds(counts)
        return reached <= seconds * (1 + 1e-12) ? (counts, reached) : nil
    }

    /// Segments of each stage so that no stage and no link takes longer than `seconds`, for all that a round takes
    /// at most `roundSecondsMax`.
    func within(bottleneck seconds: Double, roundSecondsMax: Double) -> (found: [Int], value: Double)? {
        guard let counts = shortest(stageSecondsMax: seconds), roundSeconds(counts) <= roundSecondsMax else {
            return nil
        }
        return (counts, bottleneckSeconds(counts))
    }

    private func settled(_ counts: [Int], roundSecondsMax: Double) -> [Int] {
        let least = Bisection.least(counts, at: bottleneckSeconds(counts)) {
            within(bottleneck: $0, roundSecondsMax: roundSecondsMax)
        }
        let even = mostEven(stageSecondsMax: least.value * Self.slack)
        return even.flatMap { roundSeconds($0) <= roundSecondsMax ? $0 : nil } ?? least.found
    }
}

/// The least value for which something can be found.
enum Bisection {
    /// - Parameters:
    ///   - found: what is known already, at `value`.
    ///   - attempt: finds something at a value, and says the value that it really reaches; what it finds at one
    ///     value it finds at every larger one.
    static func least<Found>(
        _ found: Found, at value: Double, attempt: (Double) -> (found: Found, value: Double)?
    ) -> (found: Found, value: Double) {
        var best = (found: found, value: value)
        var low = 0.0
        while best.value - low > best.value * 1e-12 {
            let middle = low + (best.value - low) / 2
            // Neighbouring numbers have no middle.
            guard middle > low, middle < best.value else { break }
            if let next = attempt(middle) {
                best = (next.found, min(next.value, middle))
            } else {
                low = middle
            }
        }
        return best
    }
}
