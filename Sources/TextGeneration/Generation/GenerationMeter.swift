// SPDX-License-Identifier: MIT
import BitNetCore

/// One generation's times, and what the stages did meanwhile.
struct GenerationMeter {
    /// When something happened, and what the stages had done by then.
    struct Mark {
        let time: ContinuousClock.Instant
        let stages: [StageCounters]
    }

    private let start: Mark
    private var firstToken: Mark?
    private var lastToken: ContinuousClock.Instant?
    private var figures = GenerationStatistics()

    /// `stages` has name and layers of each stage, with empty figures.
    init(promptTokenCount: Int, stages: [StageStatistics], start: Mark) {
        self.start = start
        figures.promptTokenCount = promptTokenCount
        figures.stages = stages
    }

    /// So many tokens of the prompt need not be computed.
    mutating func share(tokenCount: Int) { figures.sharedTokenCount = tokenCount }

    /// - Returns: the time since the token before; of the first, since the start.
    mutating func countToken(at now: Mark) -> Duration {
        figures.generatedTokenCount += 1
        if firstToken == nil { firstToken = now }
        defer { lastToken = now.time }
        return (lastToken ?? start.time).duration(to: now.time)
    }

    var tokenCount: Int { figures.generatedTokenCount }

    /// The figures of a generation that ends now.
    func statistics(at end: Mark) -> GenerationStatistics {
        var figures = figures
        figures.timeToFirstToken = firstToken.map { start.time.duration(to: $0.time) } ?? .zero
        if let firstToken, let lastToken { figures.decodeTime = firstToken.time.duration(to: lastToken) }
        let prefillEnd = firstToken ?? end
        for index in figures.stages.indices {
            figures.stages[index].counters = end.stages[index] - start.stages[index]
            figures.stages[index].wallTime = start.time.duration(to: end.time)
            figures.stages[index].prefill = prefillEnd.stages[index] - start.stages[index]
            figures.stages[index].prefillWallTime = start.time.duration(to: prefillEnd.time)
        }
        return figures
    }
}
