// SPDX-License-Identifier: MIT
package import AdminAPI
package import BitNetCore

/// What a live screen knows: the last picture, what came before it, and what keys have changed.
package struct TopState: Equatable, Sendable {
    /// Seconds between pictures that keys choose among.
    package static let delays = [0.2, 0.5, 1, 2, 5, 10, 30, 60]

    package private(set) var status: ClusterStatus?
    /// Why there is no newer picture.
    package private(set) var problem: String?
    package private(set) var isPaused = false
    package private(set) var showsHelp = false
    package private(set) var delaySeconds: Double
    /// Tokens per second, the latest last; `nil` where none could be had.
    package private(set) var rates = Recent<Double?>(countMax: Limits.screenHistoryMax)
    /// Stages that are scrolled past.
    package private(set) var firstStage = 0

    package init(delaySeconds: Double) {
        self.delaySeconds = delaySeconds
    }

    package mutating func receive(_ status: ClusterStatus) {
        guard !isPaused else { return }
        problem = nil
        rates.append(status.throughput.decodeTokensPerSecond)
        self.status = status
        firstStage = min(firstStage, max(status.stages.count - 1, 0))
    }

    /// No picture could be had; the last one stays.
    package mutating func fail(_ message: String) {
        guard !isPaused else { return }
        problem = PrintableText.line(message)
        rates.append(nil)
    }

    /// - Returns: whether to go on.
    package mutating func press(_ key: TopKey) -> Bool {
        switch key {
        case .quit: return false
        case .pause: isPaused.toggle()
        case .help: showsHelp.toggle()
        case .slower: delaySeconds = Self.delays.first { $0 > delaySeconds } ?? delaySeconds
        case .faster: delaySeconds = Self.delays.last { $0 < delaySeconds } ?? delaySeconds
        case .up: firstStage = max(firstStage - 1, 0)
        case .down: firstStage = min(firstStage + 1, max((status?.stages.count ?? 0) - 1, 0))
        }
        return true
    }
}
