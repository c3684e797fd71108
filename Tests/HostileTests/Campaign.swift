// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// Many seeded histories, several at a time.
struct Campaign: Sendable {
    let world: HostileWorld
    /// A history for each.
    var seeds: Range<UInt64>
    /// Workers at a time: each may hold one of the process's disk threads while it waits for parts.
    var workerCount = Limits.diskThreads - 2

    /// - Parameter report: called with each history that shows a fault, as short as it can be made.
    func run(report: @escaping @Sendable (String) -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            let (places, place) = AsyncStream<Void>.makeStream()
            for _ in 0..<workerCount { place.yield() }
            var waiting = places.makeAsyncIterator()
            for seed in seeds {
                let history = History(seed: seed)
                for _ in 0..<history.workerCount { await waiting.next() }
                if (seed - seeds.lowerBound) % 500 == 0 { Self.say("histories from seed \(seed) on") }
                group.addTask {
                    defer { for _ in 0..<history.workerCount { place.yield() } }
                    if let fault = try await play(history, seed) { report(fault) }
                }
            }
        }
    }

    /// At once: it is what a trap leaves to look for it.
    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }

    private func play(_ history: History, _ seed: UInt64) async throws -> String? {
        guard let fault = try await HistoryRun(history: history, world: world).fault() else { return nil }
        Self.say("seed \(seed): \(fault)")
        let (shortest, words) = await shortest(history, fault)
        return "seed \(seed): \(words)\nshortest: \(shortest)\nof: \(history)"
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
