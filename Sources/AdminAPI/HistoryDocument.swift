// SPDX-License-Identifier: MIT

/// `GET /v1/history`: how the last hour went, the oldest sample first.
///
/// There are no samples of the time in which nothing was served.
package struct HistoryDocument: Codable, Equatable, Sendable {
    /// What a status told, in short: rates and shares are those of the `AdminAPI.windowSeconds` before it.
    package struct Sample: Codable, Equatable, Sendable {
        /// Seconds since 1970.
        package var time: Double
        package var decodeTokensPerSecond: Double
        package var prefillTokensPerSecond: Double
        /// Sequences that had a slot, and that waited for one.
        package var running: Int
        package var waiting: Int
        /// Of the last requests; absent if none has begun since the sample before.
        package var timeToFirstTokenP50Milliseconds: Double?
        /// Share of the time in which a worker computed, 0...1, all of its stages together.
        package var busyFractions: [String: Double]

        package init(
            time: Double, decodeTokensPerSecond: Double = 0, prefillTokensPerSecond: Double = 0,
            running: Int = 0, waiting: Int = 0, timeToFirstTokenP50Milliseconds: Double? = nil,
            busyFractions: [String: Double] = [:]
        ) {
            self.time = time
            self.decodeTokensPerSecond = decodeTokensPerSecond
            self.prefillTokensPerSecond = prefillTokensPerSecond
            self.running = running
            self.waiting = waiting
            self.timeToFirstTokenP50Milliseconds = timeToFirstTokenP50Milliseconds
            self.busyFractions = busyFractions
        }
    }

    package var apiVersion = AdminAPI.version
    /// Between two samples.
    package var intervalSeconds = AdminAPI.windowSeconds
    package var samples: [Sample]

    package init(samples: [Sample]) {
        self.samples = samples
    }
}
