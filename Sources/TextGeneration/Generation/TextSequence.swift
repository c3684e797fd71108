// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetTokenizer

/// One sequence's way from tokens to text and figures.
///
/// Used under the generator's lock only.
///
/// Text that might be the beginning of a stop text is held back until it is known not to be.
struct TextSequence {
    let continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    /// The service itself asks, to see that it works.
    let isProbe: Bool
    private var detokenizer: Detokenizer
    private var stopTexts: StopTextFilter
    private var meter: GenerationMeter
    /// What the last token took.
    private(set) var lastTokenTime: Duration = .zero

    init(
        continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation, detokenizer: Detokenizer,
        stopTexts: [String], meter: GenerationMeter, isProbe: Bool = false
    ) {
        self.continuation = continuation
        self.isProbe = isProbe
        self.detokenizer = detokenizer
        self.stopTexts = StopTextFilter(stopTexts)
        self.meter = meter
    }

    /// Tokens taken so far.
    var tokenCount: Int { meter.tokenCount }
    func fail(_ error: any Error) { continuation.finish(throwing: error) }

    func take(scores: [ScoredToken]) { continuation.yield(.promptScored(scores)) }

    mutating func share(tokenCount: Int) { meter.share(tokenCount: tokenCount) }

    /// - Returns: `true` if a stop text has appeared and the sequence should be cancelled.
    mutating func take(
        token: UInt32, logProbability: Float?, alternatives: [TokenScore], at now: GenerationMeter.Mark
    ) -> Bool {
        lastTokenTime = meter.countToken(at: now)
        let (text, isStopped) = stopTexts.append(detokenizer.append(token))
        continuation.yield(
            .token(
                GeneratedToken(
                    id: token, text: text, logProbability: logProbability, alternatives: alternatives)))
        return isStopped
    }

    mutating func finish(_ reason: FinishReason, isStopped: Bool, at now: GenerationMeter.Mark) {
        if !isStopped {
            let rest = stopTexts.append(detokenizer.finish()).text + stopTexts.finish()
            if !rest.isEmpty { continuation.yield(.trailing(text: rest)) }
        }
        continuation.yield(.finished(reason, meter.statistics(at: now)))
        continuation.finish()
    }
}
