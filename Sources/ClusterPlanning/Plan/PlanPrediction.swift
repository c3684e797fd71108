// SPDX-License-Identifier: MIT

import BitNetCore

/// What a plan is expected to do with a number of sequences that decode at the same time.
package struct PlanPrediction: Equatable, Sendable {
    package struct Stage: Equatable, Sendable {
        package let worker: String
        package let layerCount: Int
        /// What one step takes, all in all.
        package let stepSeconds: Double
        /// The head's part of it.
        package let headSeconds: Double
        /// Part of the time that it computes.
        package let busyShare: Double
    }

    package struct Link: Equatable, Sendable {
        package let from: LinkMatrix.End
        package let to: LinkMatrix.End
        package let byteCount: Int
        /// Time for which one step keeps the link busy.
        package let transferSeconds: Double
        package let latencySeconds: Double
    }

    /// What a round waits for.
    package enum Bottleneck: Equatable, Sendable {
        /// The stage's layers.
        case layers(stage: Int)
        /// The head of the last stage.
        case head(stage: Int)
        /// Transfers over a link, by its index.
        case link(Int)
        /// The steps that are under way do not fill the stages: each waits for the end of its own pass.
        case pass
    }

    package let concurrency: Int
    package let round: DecodeRound
    package let stages: [Stage]
    /// From the coordinator to the first stage, between the stages, and back.
    package let links: [Link]
    /// One step's way through all stages and links.
    package let passSeconds: Double
    /// One token of every sequence.
    package let roundSeconds: Double
    package let bottleneck: Bottleneck

    package var tokensPerSecond: Double { Double(concurrency) / roundSeconds }
    package var linkSeconds: Double { links.reduce(0) { $0 + $1.transferSeconds + $1.latencySeconds } }

    /// - Parameters:
    ///   - stages: worker and number of layers of each stage.
    ///   - profiles: of every worker that has one.
    ///   - groupCount: as of the schedule.
    /// - Returns: `nil` if a stage's worker has none, or there is no stage.
    package init?(
        stages: [(worker: String, layerCount: Int)], profiles: [String: WorkerProfile], goal: PlanGoal,
        groupCount: Int? = nil
    ) {
        guard !stages.isEmpty else { return nil }
        let round = goal.round(stageCount: stages.count, groupCount: groupCount)
        var timed: [StageTime] = []
        for (index, stage) in stages.enumerated() {
            guard let profile = profiles[stage.worker] else { return nil }
            let isLast = index + 1 == stages.count
            timed.append(
                StageTime(
                    seconds: profile.secondsOfStage(round.work, layerCount: stage.layerCount, isLast: isLast),
                    headSeconds: isLast ? profile.secondsOfHead(round.work) : 0))
        }
        let links = Self.links(between: stages.map(\.worker), round, goal.links)
        let pass =
            timed.reduce(0) { $0 + $1.seconds }
            + links.reduce(0) { $0 + $1.transferSeconds + $1.latencySeconds }
        // Stages of one worker take turns.
        let workerSeconds = Dictionary(zip(stages.map(\.worker), timed.map(\.seconds)), uniquingKeysWith: +)
        let busiest = max(
            workerSeconds.values.max() ?? 0, links.map(\.transferSeconds).max() ?? 0)
        let filled = Double(round.stepCount) * busiest
        let roundSeconds = max(filled, pass, .leastNormalMagnitude)
        concurrency = goal.concurrency
        self.round = round
        self.links = links
        passSeconds = pass
        self.roundSeconds = roundSeconds
        self.stages = zip(stages, timed).map { stage, timed in
            Stage(
                worker: stage.worker, layerCount: stage.layerCount, stepSeconds: timed.seconds,
                headSeconds: timed.headSeconds,
                busyShare: Double(round.stepCount) * timed.seconds / roundSeconds)
        }
        bottleneck =
            filled < pass * Self.filledShare ? .pass : Self.bottleneck(of: timed, links)
    }

    /// What one step takes of a stage.
    private struct StageTime {
        let seconds: Double
        let headSeconds: Double
    }

    /// From the coordinator to the first stage, between the stages, and back.
    private static func links(
        between workers: [String], _ round: DecodeRound, _ matrix: LinkMatrix
    ) -> [Link] {
        let ends = [.coordinator] + workers.map { LinkMatrix.End.worker($0) } + [.coordinator]
        return zip(ends, ends.dropFirst()).enumerated().map { index, pair in
            let byteCount =
                index == 0
                ? round.openingByteCount
                : index == workers.count ? round.outcomeByteCount : round.hopByteCount
            let link = matrix[pair.0, pair.1]
            return Link(
                from: pair.0, to: pair.1, byteCount: byteCount,
                transferSeconds: link.transferSeconds(byteCount), latencySeconds: link.latencySeconds)
        }
    }

    /// What takes longest of stages that are never idle.
    private static func bottleneck(of stages: [StageTime], _ links: [Link]) -> Bottleneck {
        let slowest = stages.indices.max { stages[$0].seconds < stages[$1].seconds } ?? 0
        let slowestLink = links.indices.max { links[$0].transferSeconds < links[$1].transferSeconds } ?? 0
        if links[slowestLink].transferSeconds > stages[slowest].seconds { return .link(slowestLink) }
        let isHead = stages[slowest].headSeconds * 2 > stages[slowest].seconds
        return isHead ? .head(stage: slowest) : .layers(stage: slowest)
    }

    /// A stage or link that is busy for this part of the time is what all wait for.
    private static let filledShare = 0.75

    /// - Returns: `nil` if a stage's worker has no profile.
    package init?(plan: Plan, workers: [WorkerOffer], goal: PlanGoal) {
        let profiles = workers.compactMap { worker in worker.profile.map { (worker.name, $0) } }
        self.init(
            stages: plan.stages.map { ($0.worker, $0.layers.count) },
            profiles: Dictionary(profiles, uniquingKeysWith: { first, _ in first }), goal: goal,
            groupCount: plan.groupCount)
    }

    /// The number of groups with which these stages are fastest.
    ///
    /// As many as stages, unless another number gains a hundredth: more if the ways between stages are long enough
    /// to be worth smaller steps, fewer if one stage takes much longer than the others, whatever the step.
    ///
    /// - Returns: `nil` if a stage's worker has no profile.
    package static func bestGroupCount(
        stages: [(worker: String, layerCount: Int)], profiles: [String: WorkerProfile], goal: PlanGoal
    ) -> Int? {
        var best: (groupCount: Int, roundSeconds: Double)?
        for groupCount in goal.groupCounts(stageCount: stages.count) {
            let prediction = PlanPrediction(
                stages: stages, profiles: profiles, goal: goal, groupCount: groupCount)
            guard let seconds = prediction?.roundSeconds else { return nil }
            if best.map({ seconds < $0.roundSeconds * 0.99 }) ?? true { best = (groupCount, seconds) }
        }
        return best?.groupCount
    }
}

extension PlanPrediction {
    /// Why it is not faster, for people.
    package var reason: String {
        switch bottleneck {
        case .layers(let index):
            let stage = stages[index]
            return "stage \(index) (\(stage.worker)): \(stage.layerCount) layers take "
                + "\(Self.milliseconds(stage.stepSeconds)) a step"
        case .head(let index):
            let stage = stages[index]
            return "the head on stage \(index) (\(stage.worker)): \(Self.milliseconds(stage.headSeconds)) of "
                + "\(Self.milliseconds(stage.stepSeconds)) a step"
        case .link(let index):
            let link = links[index]
            return
                "the link from \(link.from.text) to \(link.to.text): \(ByteCount.text(UInt64(clamping: link.byteCount))) "
                + "a step take \(Self.milliseconds(link.transferSeconds))"
        case .pass:
            let way =
                "a step takes \(Self.milliseconds(passSeconds)) all the way round, "
                + "\(Self.milliseconds(linkSeconds)) of it on links"
            guard round.stepCount < stages.count else { return way }
            return way + "; \(round.stepCount) step\(round.stepCount == 1 ? " does" : "s do") not fill "
                + "\(stages.count) stages"
        }
    }

    private static func milliseconds(_ seconds: Double) -> String {
        "\((seconds * 1e3).threeDigits) ms"
    }
}
