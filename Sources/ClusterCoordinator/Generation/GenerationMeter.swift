// SPDX-License-Identifier: MIT
package import BitNetCore

/// Adds up what the stages report with every step of one generation.
package struct GenerationMeter {
    private let start: ContinuousClock.Instant
    private var firstToken: ContinuousClock.Instant?
    private var lastToken: ContinuousClock.Instant?
    private var figures = GenerationStatistics()

    /// `stages` has name and layers of each stage, with empty figures.
    package init(promptTokenCount: Int, stages: [StageStatistics], start: ContinuousClock.Instant) {
        self.start = start
        figures.promptTokenCount = promptTokenCount
        figures.stages = stages
    }

    /// Takes the traces of a step that has come back at `now`.
    package mutating func account(_ outcome: StepOutcome, at now: ContinuousClock.Instant) {
        let wall = start.duration(to: now)
        for (index, trace) in zip(figures.stages.indices, outcome.traces) {
            let compute = Duration.microseconds(Int64(trace.computeMicros))
            figures.stages[index].stepCount += 1
            figures.stages[index].computeTime += compute
            figures.stages[index].wallTime = wall
            figures.stages[index].receivedBytes += UInt64(trace.receivedBytes)
            if firstToken == nil {
                figures.stages[index].prefillComputeTime += compute
                figures.stages[index].prefillWallTime = wall
            }
        }
    }

    /// So many tokens of the prompt need not be computed.
    package mutating func share(tokenCount: Int) { figures.sharedTokenCount = tokenCount }

    package mutating func countToken(at now: ContinuousClock.Instant) {
        figures.generatedTokenCount += 1
        if firstToken == nil { firstToken = now }
        lastToken = now
    }

    package var statistics: GenerationStatistics {
        var figures = figures
        figures.timeToFirstToken = firstToken.map { start.duration(to: $0) } ?? .zero
        if let firstToken, let lastToken { figures.decodeTime = firstToken.duration(to: lastToken) }
        return figures
    }
}
