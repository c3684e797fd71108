// SPDX-License-Identifier: MIT
import BitNetCore

/// One generation's times, and what the stages did meanwhile.
struct GenerationMeter {
    /// When something happened, and what the stages had done by then.
    struct Mark {
        let time: ContinuousClock.Instant
        let stages: [StageCounters]
    }

    private let start: ContinuousClock.Instant
    private var firstToken: ContinuousClock.Instant?
    private var lastToken: ContinuousClock.Instant?
    /// Since when the present stages work for it.
    private var stagesStart: Mark
    /// When these gave their first token, or took over from others that had given one.
    private var prefillEnd: Mark?
    private var figures = GenerationStatistics()

    init(promptTokenCount: Int, start: ContinuousClock.Instant) {
        self.start = start
        stagesStart = Mark(time: start, stages: [])
        figures.promptTokenCount = promptTokenCount
    }

    /// So many tokens of the prompt need not be computed.
    mutating func share(tokenCount: Int) { figures.sharedTokenCount = tokenCount }

    mutating func draft(accepted: Int, rejected: Int) {
        figures.acceptedDraftCount += accepted
        figures.rejectedDraftCount += rejected
    }

    /// - Returns: the time since the token before; of the first, since the start.
    mutating func countToken(at now: Mark) -> Duration {
        figures.generatedTokenCount += 1
        firstToken = firstToken ?? now.time
        prefillEnd = prefillEnd ?? now
        defer { lastToken = now.time }
        return (lastToken ?? start).duration(to: now.time)
    }

    /// Stages take it over, of which these are the empty figures; what others did for it before is not told.
    mutating func move(to stages: [StageStatistics], at now: Mark) {
        figures.stages = stages
        stagesStart = now
        prefillEnd = firstToken == nil ? nil : now
    }

    var tokenCount: Int { figures.generatedTokenCount }

    /// The figures of a generation that ends now.
    func statistics(at end: Mark) -> GenerationStatistics {
        var figures = figures
        figures.timeToFirstToken = firstToken.map { start.duration(to: $0) } ?? .zero
        if let firstToken, let lastToken { figures.decodeTime = firstToken.duration(to: lastToken) }
        let prefillEnd = prefillEnd ?? end
        for index in figures.stages.indices {
            figures.stages[index].counters = end.stages[index] - stagesStart.stages[index]
            figures.stages[index].wallTime = stagesStart.time.duration(to: end.time)
            figures.stages[index].prefill = prefillEnd.stages[index] - stagesStart.stages[index]
            figures.stages[index].prefillWallTime = stagesStart.time.duration(to: prefillEnd.time)
        }
        return figures
    }
}
