// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterPlanning

extension PlanDocument {
    /// What a cluster runs, and what its measurements let expect.
    init(
        _ plan: Plan, _ measurements: ClusterMeasurements?, _ settings: StageSettings, hiddenSize: Int,
        memoryLimits: [UInt64], fingerprint: String?
    ) {
        let profiles = (measurements?.workers ?? [:]).mapValues(\.profile)
        func predict(_ concurrency: Int) -> PlanPrediction? {
            measurements.flatMap {
                PlanPrediction(
                    stages: plan.stages.map { ($0.worker, $0.layers.count) }, profiles: profiles,
                    goal: PlanGoal(concurrency: concurrency, hiddenSize: hiddenSize, links: $0.links),
                    groupCount: plan.groupCount)
            }
        }
        let full = predict(settings.cache.slots)
        self.init(
            stages: plan.stages.map { stage in
                Stage(
                    index: stage.index, worker: stage.worker, address: stage.address,
                    layers: [stage.layers.first, stage.layers.end - 1], shippedBytes: stage.wireByteCount,
                    memoryBytes: stage.memoryByteCount, memoryLimitBytes: memoryLimits[stage.index],
                    stepMilliseconds: full.map { $0.stages[stage.index].stepSeconds * 1e3 })
            },
            settings: settings)
        self.fingerprint = fingerprint
        expectations = Set([1, settings.cache.slots]).sorted().compactMap { concurrency in
            predict(concurrency).map {
                Expectation(sequences: concurrency, tokensPerSecond: $0.tokensPerSecond)
            }
        }
        bottleneck = full?.reason
        notes = plan.notes
        if !plan.unused.isEmpty { notes.append("not used: " + plan.unused.joined(separator: ", ")) }
    }
}
