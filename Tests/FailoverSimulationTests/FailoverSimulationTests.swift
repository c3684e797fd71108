// SPDX-License-Identifier: MIT
import FailoverSimulation
import Glibc
import Testing

/// A whole cluster in virtual time, made of the real machines, while programs die, stall and come back, and ways are cut.
@Suite struct FailoverSimulationTests {
    /// Each plays a share, side by side.
    @Test(arguments: 0..<shareCount)
    func `whatever befalls a cluster, every client reads what undisturbed stages would write`(share: UInt64) {
        let seeds = Self.seeds.filter { $0 % Self.shareCount == share }
        var campaign = Campaign()
        if let (_, report) = campaign.run(seeds) { Issue.record("\(report)") }
        // Histories in which hardly anybody is served show nothing.
        let endings = campaign.endings
        #expect(seeds.count < 20 || endings.finished > 2 * seeds.count && endings.lost > 0)
    }

    @Test(arguments: FoundHistories.all.indices)
    func `histories that showed a fault once show none`(index: Int) {
        let (what, history) = FoundHistories.all[index]
        if let report = Campaign.fault(history) { Issue.record("\(what)\n\(report)") }
    }

    @Test func `a seed is one history`() {
        let outcomes = [1, 2, 3, 1, 2, 3].map { HistoryRun.play(History(seed: $0), isRead: true) }
        for (one, other) in zip(outcomes.prefix(3), outcomes.suffix(3)) {
            #expect(!one.lines.isEmpty && one.lines == other.lines)
        }
        #expect(outcomes[0].lines != outcomes[1].lines)
    }

    @Test func `a history that is made shorter is told as what makes it again`() {
        let history = History(seed: 4, faults: [0], wishes: [1, 2])
        #expect(history.name == "History(seed: 4, faults: [0], wishes: [1, 2])")
        #expect(History(seed: 4).name == "History(seed: 4)")
    }

    private static let shareCount: UInt64 = 2

    /// What is played.
    ///
    /// More by hand: `BITNET_SEEDS=100000`; one of them: `BITNET_SEEDS=1 BITNET_SEED=4711`.
    private static let seeds: Range<UInt64> = {
        let first = number("BITNET_SEED") ?? 1
        return first..<first + (number("BITNET_SEEDS") ?? usualCount)
    }()

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// Nobody waits for a thousand where nothing is optimised.
    #if DEBUG
    private static let usualCount: UInt64 = 60
    #else
    private static let usualCount: UInt64 = 1000
    #endif
}
