// SPDX-License-Identifier: MIT
package import AdminAPI
import BitNetCore

/// How the last hour went, from statuses that are noted as they come.
///
/// A status tells of the window before it, so that samples one window apart tell of all the time between them.
package struct ActivityHistory: Sendable {
    private var samples = Recent<HistoryDocument.Sample>(countMax: Limits.historySamplesMax)
    /// Uptime of the last sample.
    private var lastUptime: Double?
    private var promptTokenCount: UInt64 = 0

    package init() {}

    /// Makes a sample of a status, unless the last one is younger than a window or nothing is served.
    package mutating func note(_ status: ClusterStatus) {
        guard [.serving, .degraded, .draining].contains(status.state), isDue(at: status.uptimeSeconds) else {
            return
        }
        lastUptime = status.uptimeSeconds
        let hasBegunRequests = status.throughput.promptTokenCount != promptTokenCount
        promptTokenCount = status.throughput.promptTokenCount
        samples.append(.init(status, withFirstTokens: hasBegunRequests))
    }

    /// Statuses come once a second, and never quite so: half of one may be missing.
    private func isDue(at uptime: Double) -> Bool {
        lastUptime.map { uptime - $0 >= AdminAPI.windowSeconds - 0.5 } ?? true
    }

    /// - Parameter time: seconds since 1970; only what is later is told.
    package func document(after time: Double?) -> HistoryDocument {
        HistoryDocument(samples: samples.filter { sample in time.map { sample.time > $0 } ?? true })
    }
}

extension HistoryDocument.Sample {
    fileprivate init(_ status: ClusterStatus, withFirstTokens: Bool) {
        let throughput = status.throughput
        self.init(
            time: status.time, decodeTokensPerSecond: throughput.decodeTokensPerSecond.thousandths,
            prefillTokensPerSecond: throughput.prefillTokensPerSecond.thousandths,
            running: status.queue.running, waiting: status.queue.waiting,
            timeToFirstTokenP50Milliseconds: withFirstTokens
                ? throughput.timeToFirstTokenP50Milliseconds?.thousandths : nil,
            busyFractions: Self.busyFractions(of: status.stages))
    }

    /// Stages of one worker take turns.
    private static func busyFractions(of stages: [StageStatus]) -> [String: Double] {
        stages.reduce(into: [:]) { fractions, stage in
            guard let idle = stage.idleFraction,
                fractions[stage.worker] != nil || fractions.count < Limits.historyWorkersMax
            else { return }
            fractions[stage.worker] = min((fractions[stage.worker] ?? 0) + 1 - idle, 1).thousandths
        }
    }
}

extension Double {
    /// Digits beyond them cost bytes and tell nothing.
    fileprivate var thousandths: Double { (self * 1000).rounded() / 1000 }
}
