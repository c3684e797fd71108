// SPDX-License-Identifier: MIT
import Metrics

/// Takes the times of an answer's tokens, as they come from the cluster.
struct AnswerMeter: Sendable {
    /// When one generation gave its last token.
    struct TokenClock {
        fileprivate var last: ContinuousClock.Instant?
    }

    private let metrics: GatewayMetrics
    private let record: ExchangeRecord

    init(metrics: GatewayMetrics, record: ExchangeRecord) {
        self.metrics = metrics
        self.record = record
    }

    func count(promptTokens: Int) {
        metrics.promptTokens.increment(by: promptTokens)
        record.note { $0.promptTokenCount = promptTokens }
    }

    /// - Parameter time: when the cluster gave the token; its reader may be behind.
    func countToken(at time: ContinuousClock.Instant, _ clock: inout TokenClock) {
        if let last = clock.last {
            metrics.timeBetweenTokens.record(duration: time - last)
        } else {
            metrics.timeToFirstToken.record(duration: time - record.arrival)
        }
        clock.last = time
        metrics.completionTokens.increment()
        record.note { figures in
            figures.completionTokenCount = (figures.completionTokenCount ?? 0) + 1
            figures.timeToFirstToken = figures.timeToFirstToken ?? time - record.arrival
        }
    }

    func countAbandoned() { metrics.abandoned.increment() }
}
