// SPDX-License-Identifier: MIT
package import BitNetCore

/// What a generator has done since it began, and how long the last requests waited.
///
/// Counts only grow. What the service asks of itself is not counted.
package struct GenerationLedger: Sendable {
    package private(set) var startedCount: UInt64 = 0
    package private(set) var promptTokenCount: UInt64 = 0
    package private(set) var generatedTokenCount: UInt64 = 0
    /// Drafted tokens that were what was generated.
    package private(set) var acceptedDraftCount: UInt64 = 0
    package private(set) var rejectedDraftCount: UInt64 = 0
    package private(set) var finishedCounts: [FinishReason: UInt64] = [:]
    /// Refused for want of room.
    package private(set) var refusedCount: UInt64 = 0
    /// Ended because the pipeline failed.
    package private(set) var failedCount: UInt64 = 0
    /// Given up by who had asked.
    package private(set) var cancelledCount: UInt64 = 0
    /// Of the last requests: from the request to the first token.
    package private(set) var firstTokenTimes = RecentDurations(countMax: 512)
    /// Of the last tokens: since the one before.
    package private(set) var betweenTokensTimes = RecentDurations(countMax: 4096)

    package init() {}

    package var finishedCount: UInt64 { finishedCounts.values.reduce(0, +) }

    package mutating func start(promptTokenCount: Int) {
        startedCount += 1
        self.promptTokenCount += UInt64(clamping: promptTokenCount)
    }

    package mutating func token(after time: Duration, isFirst: Bool) {
        generatedTokenCount += 1
        if isFirst { firstTokenTimes.append(time) } else { betweenTokensTimes.append(time) }
    }

    package mutating func draft(accepted: Int, rejected: Int) {
        acceptedDraftCount += UInt64(clamping: accepted)
        rejectedDraftCount += UInt64(clamping: rejected)
    }

    package mutating func finish(_ reason: FinishReason) { finishedCounts[reason, default: 0] += 1 }
    mutating func refuse() { refusedCount += 1 }
    mutating func fail() { failedCount += 1 }
    mutating func cancel() { cancelledCount += 1 }
}

/// The last durations of a kind.
package struct RecentDurations: Sendable {
    private var micros: Recent<Int64>

    package init(countMax: Int) {
        micros = Recent(countMax: countMax)
    }

    package var isEmpty: Bool { micros.isEmpty }

    package mutating func append(_ duration: Duration) {
        micros.append(Int64(clamping: (duration.seconds * 1e6).rounded()))
    }

    /// The values below which `fractions` of all lie, in milliseconds; empty if there are none.
    package func milliseconds(at fractions: [Double]) -> [Double] {
        let sorted = micros.sorted()
        guard let last = sorted.indices.last else { return [] }
        return fractions.map {
            Double(sorted[Int(clamping: (Double(last) * min(max($0, 0), 1)).rounded())]) / 1e3
        }
    }
}
