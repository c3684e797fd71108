// SPDX-License-Identifier: MIT

package import BitNetCore

/// Which layers a worker that stands by should hold in memory, so that it can take over at once.
package struct SpareChoice: Sendable {
    private let costs: StageCosts
    private let plan: Plan

    /// - Parameter plan: what is served.
    package init(for plan: Plan, cost: ModelCost) {
        self.plan = plan
        costs = StageCosts(cost)
    }

    /// Those of as many neighbouring stages as the spare has room for: first of such that no other spare holds, then
    /// of most bytes.
    ///
    /// - Parameter held: layers that other spares hold.
    /// - Returns: `nil` if it has room for no stage at all.
    package func layers(for spare: WorkerOffer, beside held: [LayerRange] = []) -> LayerRange? {
        var best: (layers: LayerRange, weight: (UInt64, UInt64))?
        for first in plan.stages.indices {
            for last in first..<plan.stages.count {
                let stages = plan.stages[first...last]
                guard
                    let layers = LayerRange(
                        first: plan.stages[first].layers.first, end: plan.stages[last].layers.end),
                    costs.memoryByteCount(spare, layers.first, layers.end) <= spare.memoryByteCount
                else { continue }
                let missing = stages.filter { stage in !held.contains { $0.contains(stage.layers) } }
                let weight = (byteCount(of: missing), byteCount(of: Array(stages)))
                if best.map({ weight > $0.weight }) ?? true { best = (layers, weight) }
            }
        }
        return best?.layers
    }

    private func byteCount(of stages: [PlannedStage]) -> UInt64 { stages.reduce(0) { $0 + $1.wireByteCount } }
}
