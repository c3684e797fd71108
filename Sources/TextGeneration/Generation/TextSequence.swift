// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetTokenizer

/// One sequence's way from tokens to text and figures.
///
/// Used under the generator's lock only.
///
/// Text that might be the beginning of a stop text is held back until it is known not to be.
struct TextSequence {
    private let source: GenerationEvents.Source
    /// The service itself asks, to see that it works.
    let isProbe: Bool
    private var detokenizer: Detokenizer
    private var stopTexts: StopTextFilter
    private var meter: GenerationMeter
    /// What the last token took.
    private(set) var lastTokenTime: Duration = .zero

    init(
        source: GenerationEvents.Source, detokenizer: Detokenizer,
        stopTexts: [String], meter: GenerationMeter, isProbe: Bool = false
    ) {
        self.source = source
        self.isProbe = isProbe
        self.detokenizer = detokenizer
        self.stopTexts = StopTextFilter(stopTexts)
        self.meter = meter
    }

    /// Tokens taken so far.
    var tokenCount: Int { meter.tokenCount }
    func fail(_ error: any Error) { source.finish(throwing: error) }

    func begin(prompt: [UInt32]) { yield(.started(prompt: prompt)) }

    func take(scores: [ScoredToken]) { yield(.promptScored(scores)) }

    private func yield(_ event: GenerationEvent) {
        // Nobody waits for a reader that is so far behind.
        if case .dropped = source.yield(event) { fail(GenerationError.unread) }
    }

    func pause() { yield(.paused) }

    mutating func move(to stages: [StageStatistics], at now: GenerationMeter.Mark) {
        meter.move(to: stages, at: now)
    }

    mutating func share(tokenCount: Int) { meter.share(tokenCount: tokenCount) }

    mutating func draft(accepted: Int, rejected: Int) { meter.draft(accepted: accepted, rejected: rejected) }

    /// - Returns: `true` if a stop text has appeared and the sequence should be cancelled.
    mutating func take(
        token: UInt32, logProbability: Float?, alternatives: [TokenScore], at now: GenerationMeter.Mark
    ) -> Bool {
        lastTokenTime = meter.countToken(at: now)
        let (text, isStopped) = stopTexts.append(detokenizer.append(token))
        yield(
            .token(
                GeneratedToken(
                    id: token, text: text, logProbability: logProbability, alternatives: alternatives,
                    time: now.time)))
        return isStopped
    }

    mutating func finish(_ reason: FinishReason, isStopped: Bool, at now: GenerationMeter.Mark) {
        if !isStopped {
            let rest = stopTexts.append(detokenizer.finish()).text + stopTexts.finish()
            if !rest.isEmpty { yield(.trailing(text: rest)) }
        }
        yield(.finished(reason, meter.statistics(at: now)))
        source.finish()
    }
}
