// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import TextGeneration

/// What many sequences did in the time in which all of them were generating.
struct DecodeFigures: Sendable {
    struct Mark: Sendable {
        let time: ContinuousClock.Instant
        let tokenCount: Int
        let meter: PipelineMeter
    }

    let concurrency: Int
    let tokensPerSecond: Double
    /// What every stage did meanwhile.
    let stages: [StageCounters]
    let stepCount: UInt64
    /// Tokens of an average step.
    let tokensPerStep: Double
    /// Time that a step is under way without being computed, for each of the ways between coordinator and stages:
    /// the median, microseconds.
    ///
    /// With one sequence the cost of a hop; with more, waiting in queues is part of it.
    let hopMicros: Double

    init(concurrency: Int, first: Mark, last: Mark) {
        self.concurrency = concurrency
        tokensPerSecond =
            Double(last.tokenCount - first.tokenCount) / first.time.duration(to: last.time).seconds
        stages = zip(last.meter.stages, first.meter.stages).map { $0 - $1 }
        stepCount = last.meter.stepCount - first.meter.stepCount
        tokensPerStep =
            Double(last.meter.entryCount - first.meter.entryCount) / Double(max(stepCount, 1))
        let transits = last.meter.transitMicros.map { Double($0) }.sorted()
        let median = transits.isEmpty ? 0 : transits[transits.count / 2]
        hopMicros = median / Double(stages.count + 1)
    }
}
