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

    func countToken(_ clock: inout TokenClock) {
        let now = ContinuousClock.now
        if let last = clock.last {
            metrics.timeBetweenTokens.record(duration: now - last)
        } else {
            metrics.timeToFirstToken.record(duration: now - record.arrival)
        }
        clock.last = now
        metrics.completionTokens.increment()
        record.note { figures in
            figures.completionTokenCount = (figures.completionTokenCount ?? 0) + 1
            figures.timeToFirstToken = figures.timeToFirstToken ?? now - record.arrival
        }
    }

    func countAbandoned() { metrics.abandoned.increment() }
}
