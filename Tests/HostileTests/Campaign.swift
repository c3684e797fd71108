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
            for history in histories {
                for _ in 0..<history.workerCount { await free.next() }
                group.addTask {
                    defer { for _ in 0..<history.workerCount { place.yield() } }
                    if let fault = try await play(history) { report(fault) }
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

    private func play(_ history: History) async throws -> String? {
        journal.begin(history)
        defer { journal.end(history) }
        guard let fault = try await HistoryRun(history: history, world: world).fault() else { return nil }
        let (shortest, words) = await shortest(history, fault)
        return "\(history.name): \(words)\nshortest: \(shortest)\nof: \(history)"
    }

    /// Leaves out what the fault does not need.
    private func shortest(_ history: History, _ fault: String) async -> (History, String) {
        var (shortest, words) = (history, fault)
        search: while true {
            for shorter in shortest.shorter {
                if let fault = try? await HistoryRun(history: shorter, world: world).fault() {
                    (shortest, words) = (shorter, fault)
                    continue search
                }
            }
            return (shortest, words)
        }
    }
}
