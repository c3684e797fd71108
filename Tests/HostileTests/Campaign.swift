// SPDX-License-Identifier: MIT
import BitNetCore
import TestSupport

/// Many histories, several at a time.
struct Campaign: Sendable {
    let world: HostileWorld
    /// What is begun and ended, for who comes to look after a trap.
    let journal: Journal
    /// Workers at a time: each may hold one of the process's disk threads while it waits for parts.
    var workerCount = Limits.diskThreads - 2

    /// What the pools of the runtime and of NIO may still add to theirs.
    private static let pooledThreadsMax = 32
    /// Whoever plays honest dialogues only shows nothing.
    private static let doneFractionMin = 0.2

    /// - Parameter report: called with each history that shows a fault, as short as it can be made.
    func run(_ histories: some Sequence<History>, report: @escaping @Sendable (String) -> Void) async throws {
        let before = ProcessFigures()
        try await withThrowingDiscardingTaskGroup { group in
            let (places, place) = AsyncStream<Void>.makeStream()
            for _ in 0..<workerCount { place.yield() }
            var free = places.makeAsyncIterator()
            for row in rows(of: histories) {
                for _ in 0..<row[0].workerCount { await free.next() }
                group.addTask {
                    defer { for _ in 0..<row[0].workerCount { place.yield() } }
                    if let fault = try await play(row) { report(fault) }
                }
            }
        }
        if world.tally.doneFraction < Self.doneFractionMin {
            report(
                "only \(Int(clamping: Int64(world.tally.doneFraction * 100))) % of what was drawn took place")
        }
        let after = await ProcessFigures.settled(at: before)
        if after.descriptorCount > before.descriptorCount {
            report("\(after.descriptorCount - before.descriptorCount) files stay open: \(after.openFiles)")
        }
        if after.threadCount > before.threadCount + Self.pooledThreadsMax {
            report("\(before.threadCount) threads have become \(after.threadCount)")
        }
    }

    /// Histories that are played against the same workers, one after the other: what one leaves behind meets the next,
    /// and an honest member comes after the last.
    ///
    /// Workers without parts are a row's first.
    private func rows(of histories: some Sequence<History>) -> [[History]] {
        var (rows, open): ([[History]], [History.Setting: Int]) = ([], [:])
        for history in histories {
            if history.isPrepared, let row = open[history.setting], rows[row].count < Self.rowLengthMax {
                rows[row].append(history)
            } else {
                open[history.setting] = rows.count
                rows.append([history])
            }
        }
        return rows
    }

    private static let rowLengthMax = 4

    private func play(_ row: [History]) async throws -> String? {
        for history in row { journal.begin(history) }
        defer { for history in row { journal.end(history) } }
        guard let fault = try await HistoryRun(histories: row, world: world).fault() else { return nil }
        for history in row {
            guard let fault = try await HistoryRun(histories: [history], world: world).fault() else {
                continue
            }
            let (shortest, words) = await shortest(history, fault)
            return "\(history.name): \(words)\nshortest: \(shortest)\nof: \(history)"
        }
        return "\(fault)\nof these in a row, and of none alone: \(row.map(\.name))"
    }

    /// Leaves out what the fault does not need.
    private func shortest(_ history: History, _ fault: String) async -> (History, String) {
        var (shortest, words) = (history, fault)
        search: while true {
            for shorter in shortest.shorter {
                if let fault = try? await HistoryRun(histories: [shorter], world: world).fault() {
                    (shortest, words) = (shorter, fault)
                    continue search
                }
            }
            return (shortest, words)
        }
    }
}
