// SPDX-License-Identifier: MIT

/// Many histories, one after the other.
package struct Campaign {
    package private(set) var endings = HistoryRun.Endings()
    package private(set) var longestRecovery: Duration = .zero
    package private(set) var eventCount: UInt64 = 0

    package init() {}

    /// - Returns: the first history that shows a fault, with what happens in it, as short as it can be made; `nil` if
    ///   none does.
    package mutating func run(_ seeds: some Sequence<UInt64>) -> (seed: UInt64, report: String)? {
        for seed in seeds {
            let history = History(seed: seed)
            let outcome = HistoryRun.play(history)
            endings = endings + outcome.endings
            longestRecovery = max(longestRecovery, outcome.recoveryTime)
            eventCount += outcome.eventCount
            if outcome.fault != nil { return (seed, Self.report(history)) }
        }
        return nil
    }

    /// What is wrong with a history, what happens in it, and how to play it again; `nil` if nothing is.
    package static func fault(_ history: History) -> String? {
        HistoryRun.play(history).fault.map { _ in report(history) }
    }

    private static func report(_ history: History) -> String {
        let shortest = shortest(history)
        let outcome = HistoryRun.play(shortest, isRead: true)
        return """
            seed \(history.seed): \(outcome.fault ?? "not found again")
            shortest: \(shortest.name)
            \(shortest.setting)
            \(outcome.lines.suffix(linesMax).joined(separator: "\n"))
            """
    }

    private static let linesMax = 120

    /// Leaves out what the fault does not need.
    private static func shortest(_ history: History) -> History {
        var shortest = history
        search: while true {
            for shorter in shortest.shorter where HistoryRun.play(shorter).fault != nil {
                shortest = shorter
                continue search
            }
            return shortest
        }
    }
}
