// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

/// How well a model predicts a text.
package struct Perplexity: Equatable, Sendable {
    /// Mean of −ln p(token | tokens before it in its window).
    package var negativeLogLikelihood: Double
    /// Tokens that were predicted.
    package var tokenCount: Int

    /// exp of the mean negative log-likelihood.
    package var value: Double { bn_exp(negativeLogLikelihood) }

    package init(negativeLogLikelihood: Double, tokenCount: Int) {
        self.negativeLogLikelihood = negativeLogLikelihood
        self.tokenCount = tokenCount
    }
}

/// Scores every token but the first, reading `tokens` in consecutive windows as long as the stages'
/// context; a window's last token is predicted there and read again as the first of the next.
///
/// Uses slot 0, which must be closed.
///
/// - Parameter stages: all stages of one model in order.
/// - Returns: `nil` if there are fewer than two tokens.
/// - Throws: ``StageError``.
package func perplexity(tokens: [UInt32], stages: [Stage]) throws(StageError) -> Perplexity? {
    guard let context = stages.map(\.cacheShape.context).min(),
        let tokensPerStep = stages.map(\.tokensPerStepMax).min()
    else { return nil }
    let local = LocalModel(stages: stages)
    var sum = 0.0
    var count = 0
    var stepID: UInt64 = 0
    for start in stride(from: 0, to: tokens.count, by: context) {
        // What follows the last token of the text is unknown: it is scored but never read.
        let readCount = min(context, tokens.count - 1 - start)
        guard readCount > 0 else { break }
        try local.open(slot: 0)
        defer { local.close(slot: 0) }
        for first in stride(from: 0, to: readCount, by: tokensPerStep) {
            let entries = (first..<min(first + tokensPerStep, readCount)).map { position in
                StepEntry(
                    slot: 0, position: UInt32(position), token: tokens[start + position],
                    output: .score(target: tokens[start + position + 1]))
            }
            for result in try local.forward(Step(id: stepID, entries: entries)) {
                guard let logProbability = result.logProbability else { continue }
                sum -= Double(logProbability)
                count += 1
            }
            stepID += 1
        }
    }
    guard count > 0 else { return nil }
    return Perplexity(negativeLogLikelihood: sum / Double(count), tokenCount: count)
}
