// SPDX-License-Identifier: MIT

import BitNetCore
package import ClusterPlanning

/// How a model scales over equal workers: with how many, over which links, with how many sequences.
package struct ScalingStudy: Sendable {
    /// One case.
    package struct Case: Equatable, Sendable {
        package let workerCount: Int
        package let link: LinkProfile
        package let concurrency: Int

        package init(workerCount: Int, link: LinkProfile, concurrency: Int) {
            self.workerCount = workerCount
            self.link = link
            self.concurrency = concurrency
        }
    }

    package struct Result: Equatable, Sendable {
        package let prediction: PlanPrediction
        package let report: SimulationReport

        /// Tokens per second, as simulated.
        package var tokensPerSecond: Double { report.steadyTokensPerSecond ?? report.tokensPerSecond }
    }

    /// Where more workers stop being worth it.
    package struct Knee: Equatable, Sendable {
        /// The last number of workers that was.
        package let workerCount: Int
        /// What decides with the next larger number.
        package let reason: String
    }

    package let layerCount: Int
    package let hiddenSize: Int
    package let profile: WorkerProfile

    /// - Parameter profile: of every worker, with the model that is looked at.
    package init(layerCount: Int, hiddenSize: Int, profile: WorkerProfile) {
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.profile = profile
    }

    /// Plans and simulates a case with short contexts; all workers get a stage, whether that is wise or not.
    ///
    /// - Returns: `nil` if there are more workers than layers.
    package func run(_ wanted: Case) -> Result? {
        let cost = ModelCost(
            layerByteCounts: [UInt64](repeating: 1, count: layerCount), embeddingByteCount: 0,
            outputNormByteCount: 0, headByteCount: 0, headSharesEmbedding: false)
        let workers = (0..<wanted.workerCount).map {
            WorkerOffer(name: "\($0)", address: "", memoryByteCount: 1, profile: profile)
        }
        let goal = PlanGoal(
            concurrency: wanted.concurrency, hiddenSize: hiddenSize, cachedCount: 0,
            links: LinkMatrix(assumed: wanted.link))
        guard wanted.workerCount <= layerCount,
            let found = StagePlanner.lineup(ofAll: workers, cost: cost, goal: goal)
        else { return nil }
        let profiles = Dictionary(workers.map { ($0.name, profile) }) { $1 }
        let prediction = PlanPrediction(
            stages: found.stages, profiles: profiles, goal: goal, groupCount: found.groupCount)
        guard let prediction else { return nil }
        let pipeline = SimulatedPipeline(
            stages: found.stages.map { SimulatedPipeline.Stage(profile: profile, layerCount: $0.layerCount) },
            links: [LinkProfile](repeating: wanted.link, count: found.stages.count + 1),
            hiddenSize: hiddenSize)
        // Sequences start one after the other; the first must not end before the last has begun.
        let tokenCount = wanted.concurrency / wanted.workerCount + 24
        let request = Simulation.Request(promptCount: 1, tokenCount: tokenCount)
        var simulation = Simulation(
            pipeline, requests: [Simulation.Request](repeating: request, count: wanted.concurrency),
            slotCount: wanted.concurrency, groupCount: found.groupCount)
        return Result(prediction: prediction, report: simulation.run())
    }

    /// A worker more must bring this part of its share.
    private static let gainMin = 0.3

    /// - Parameter results: one for each number of workers, ascending, everything else being equal.
    /// - Returns: `nil` if more workers pay up to the last.
    package static func knee(_ results: [(workerCount: Int, result: Result)]) -> Knee? {
        for (before, after) in zip(results, results.dropFirst()) {
            let gain = after.result.tokensPerSecond / before.result.tokensPerSecond - 1
            let share = Double(after.workerCount) / Double(before.workerCount) - 1
            guard gain < share * gainMin else { continue }
            return Knee(workerCount: before.workerCount, reason: reason(after.result.prediction))
        }
        return nil
    }

    private static func reason(_ prediction: PlanPrediction) -> String {
        let stageCount = prediction.stages.count
        switch prediction.bottleneck {
        case .layers:
            let counts = prediction.stages.map(\.layerCount)
            let (most, all) = (counts.max() ?? 0, counts.reduce(0, +))
            guard most * stageCount * 5 > all * 6 else {
                let size = prediction.round.sequencesPerStep
                return "steps of \(plural(size, "sequence")) read all weights for few tokens"
            }
            return "\(all) layers do not divide evenly"
        case .head: return "the head"
        case .link(let index):
            let link = prediction.links[index]
            return "the link, \(ByteCount.text(UInt64(link.byteCount))) a step"
        case .pass:
            let links = prediction.linkSeconds
            if links * 2 > prediction.passSeconds {
                let delay = prediction.links.reduce(0) { $0 + $1.latencySeconds }
                return delay * 2 > links
                    ? "delay, \((delay * 1e3).threeDigits) ms a round"
                    : "transfers, \(((links - delay) * 1e3).threeDigits) ms a round"
            }
            let stepCount = prediction.round.stepCount
            return stepCount < stageCount
                ? "\(stepCount) step\(stepCount == 1 ? " does" : "s do") not fill \(stageCount) stages"
                : "each step's own pass, \((prediction.passSeconds * 1e3).threeDigits) ms"
        }
    }
}
