// SPDX-License-Identifier: MIT

import BitNetCore

/// Cuts layers into contiguous stages of whole segments, one for each worker in the order given.
///
/// Exact, in three steps: the smallest possible size of the largest stage; among such plans those that
/// leave the fewest workers idle; among those the most even one (smallest sum of squared sizes).
struct ContiguousSplit {
    let costs: StageCosts
    let workers: [WorkerOffer]

    func plan() throws(PlanError) -> Plan {
        guard fits(stageByteCountMax: .max) else { throw noRoom() }
        let cuts = mostEven(stageByteCountMax: smallestMaximum())
        var stages: [PlannedStage] = []
        var unused: [String] = []
        var first = 0
        for (worker, end) in zip(workers, cuts) {
            if let layers = LayerRange(first: first, end: end) {
                stages.append(StagePlanner.stage(stages.count, worker, layers, costs))
            } else {
                unused.append(worker.name)
            }
            first = end
        }
        return Plan(stages: stages, unused: unused)
    }

    /// Whether `worker` can run the layers `first ..< end`.
    private func admits(_ worker: WorkerOffer, _ first: Int, _ end: Int, _ stageByteCountMax: UInt64) -> Bool
    {
        costs.readByteCount(first, end) <= stageByteCountMax
            && costs.memoryByteCount(worker, first, end) <= worker.memoryByteCount
    }

    /// Layers that the first workers hold if each takes as many as it can, after each worker.
    ///
    /// Taking as many as possible is never worse: starting later, the next worker reaches at least as far.
    private func reach(stageByteCountMax: UInt64) -> [Int] {
        var end = 0
        return workers.map { worker in
            guard end < costs.layerCount else { return end }
            let first = end
            end =
                costs.ends(from: first).prefix { admits(worker, first, $0, stageByteCountMax) }.last ?? first
            return end
        }
    }

    private func fits(stageByteCountMax: UInt64) -> Bool {
        reach(stageByteCountMax: stageByteCountMax).last == costs.layerCount
    }

    /// The smallest bound on the bytes that a stage reads per token for which there is a plan.
    private func smallestMaximum() -> UInt64 {
        var low: UInt64 = 0
        var high = costs.readByteCount(0, costs.layerCount) + costs.cost.headByteCount
        while low < high {
            let middle = low + (high - low) / 2
            if fits(stageByteCountMax: middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How good the best division of some layers among the first workers is; lower is better.
    private struct Score {
        var idleCount: Int
        var squares: Double

        static func < (left: Score, right: Score) -> Bool {
            (left.idleCount, left.squares) < (right.idleCount, right.squares)
        }
    }

    /// The layer at which each worker ends; a worker that ends where the one before it does is idle.
    ///
    /// Dynamic programming over (workers, layers); a stage's layers are bounded by `stageByteCountMax`, so
    /// the work is far below workers · layers² in practice.
    private func mostEven(stageByteCountMax: UInt64) -> [Int] {
        let layerCount = costs.layerCount
        var best = [Score?](repeating: nil, count: layerCount + 1)
        best[0] = Score(idleCount: 0, squares: 0)
        /// Where the stage that ends at [worker][layer] begins.
        var firsts: [[Int]] = []
        for worker in workers {
            // Idle unless something below is better: of equal workers the later ones stay idle.
            var next = best.map { $0.map { Score(idleCount: $0.idleCount + 1, squares: $0.squares) } }
            var begins = Array(0...layerCount)
            for first in 0..<layerCount {
                guard let score = best[first] else { continue }
                for end in costs.ends(from: first) {
                    // The last layer brings the head along, so it alone may be too much.
                    guard admits(worker, first, end, stageByteCountMax) else { break }
                    let size = Double(costs.readByteCount(first, end))
                    let candidate = Score(idleCount: score.idleCount, squares: score.squares + size * size)
                    if next[end].map({ candidate < $0 }) ?? true {
                        next[end] = candidate
                        begins[end] = first
                    }
                }
            }
            best = next
            firsts.append(begins)
        }
        var end = layerCount
        let cuts = firsts.reversed().map { begins in
            defer { end = begins[end] }
            return end
        }
        return cuts.reversed()
    }
}
