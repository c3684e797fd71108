// SPDX-License-Identifier: MIT

import BitNetCore

/// Which worker has which layers, while a plan is made.
struct Placement {
    typealias Stage = (worker: WorkerOffer, layers: LayerRange)

    private let costs: StageCosts
    /// In the order of their layers.
    private let stages: [Stage]

    init(costs: StageCosts, stages: [Stage]) {
        self.costs = costs
        self.stages = stages
    }

    func stageCount(of worker: WorkerOffer) -> Int {
        stages.count { $0.worker.name == worker.name }
    }

    /// With more layers; those of one worker that follow each other are one stage.
    func with(_ taken: [Stage]) -> Placement {
        var joined: [Stage] = []
        for stage in (stages + taken).sorted(by: { $0.layers.first < $1.layers.first }) {
            if let last = joined.last, last.worker.name == stage.worker.name,
                last.layers.end == stage.layers.first,
                let both = LayerRange(first: last.layers.first, end: stage.layers.end)
            {
                joined[joined.count - 1].layers = both
            } else {
                joined.append(stage)
            }
        }
        return Placement(costs: costs, stages: joined)
    }

    /// Whether every worker has room for what it has.
    var fits: Bool {
        Dictionary(grouping: stages, by: \.worker.name).values.allSatisfy { stages in
            let worker = stages[0].worker
            let need = stages.reduce(UInt64(0)) { sum, stage in
                let layers = stage.layers
                let next = costs.memoryByteCount(worker, layers.first, layers.end)
                return sum.addingReportingOverflow(next).overflow ? .max : sum + next
            }
            return stages.count <= worker.stagesMax && need <= worker.memoryByteCount
        }
    }

    /// Where a middle may begin and end, of layers that nobody has, by what the workers before and behind them have room for.
    ///
    /// This is asked again and again while a cluster waits for workers: all places would be too many.
    func ends(ofMiddleIn layers: LayerRange) -> (first: [Int], last: [Int]) {
        let cuts = costs.cuts(in: layers)
        let (before, behind) = (before(layers), behind(layers))
        return (
            cuts.prefix { $0 == layers.first || admits(layers.first, $0, on: before) }.map(\.self),
            cuts.reversed().prefix { $0 == layers.end || admits($0, layers.end, on: behind) }.map(\.self)
        )
    }

    private func admits(_ first: Int, _ end: Int, on worker: WorkerOffer?) -> Bool {
        guard let worker, let layers = LayerRange(first: first, end: end) else { return false }
        return with([(worker, layers)]).fits
    }

    private func before(_ layers: LayerRange) -> WorkerOffer? {
        stages.first { $0.layers.end == layers.first }?.worker
    }

    private func behind(_ layers: LayerRange) -> WorkerOffer? {
        stages.first { $0.layers.first == layers.end }?.worker
    }

    /// A division of layers that nobody has: those before `middle` go to the worker before them, those behind it to the
    /// one behind, and `middle` itself to `host`.
    ///
    /// - Returns: `nil` if there is nobody before or behind who would have to be.
    func divided(_ layers: LayerRange, middle: Range<Int>, for host: WorkerOffer?) -> [Stage]? {
        var taken: [Stage] = []
        for (worker, first, end) in [
            (before(layers), layers.first, middle.lowerBound), (host, middle.lowerBound, middle.upperBound),
            (behind(layers), middle.upperBound, layers.end),
        ] {
            guard let layers = LayerRange(first: first, end: end) else { continue }
            guard let worker else { return nil }
            taken.append((worker, layers))
        }
        return taken
    }

    /// The one that fits and leaves those who take something as even as can be.
    func best(of divisions: [[Stage]]) -> [Stage]? {
        var best: (taken: [Stage], load: UInt64)?
        for taken in divisions {
            let next = with(taken)
            let load = taken.map { next.readByteCount(of: $0.worker) }.max() ?? 0
            if load < best?.load ?? .max, next.fits { best = (taken, load) }
        }
        return best?.taken
    }

    /// Bytes that a token reads on a worker.
    private func readByteCount(of worker: WorkerOffer) -> UInt64 {
        stages.reduce(0) { sum, stage in
            guard stage.worker.name == worker.name else { return sum }
            return sum + costs.readByteCount(stage.layers.first, stage.layers.end)
        }
    }

    func plan(unused names: [String], notes: [String]) -> Plan {
        Plan(
            stages: stages.enumerated().map { StagePlanner.stage($0, $1.worker, $1.layers, costs) },
            unused: names.filter { name in !stages.contains { $0.worker.name == name } }, basis: .assignment,
            notes: notes)
    }
}
