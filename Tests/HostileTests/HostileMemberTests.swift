// SPDX-License-Identifier: MIT
import Glibc
import Testing

/// Members that have the key and break every rule behind the handshake.
///
/// In processes of their own, whose files nobody else opens and whose end is told.
@Suite struct HostileMemberTests {
    /// Each plays a share: most of the time goes by in waiting, and a process has few threads that may wait.
    @Test(arguments: 0..<processCount)
    func `whatever a member does, nobody traps, hangs or keeps anything, and the next one is served`(
        share: UInt64
    ) async {
        let journal = Journal("\(getpid()).\(share)")
        let result = await #expect(processExitsWith: .success) { [share, path = journal.path as String] in
            let seeds = HostileMemberTests.seeds.filter { $0 % HostileMemberTests.processCount == share }
            try await HostileMemberTests.play(seeds.map(History.init(seed:)), Journal(path: path))
        }
        Self.explain(journal, isFault: result == nil)
    }

    @Test func `histories that showed a fault once show none`() async {
        let journal = Journal("\(getpid()).found")
        let result = await #expect(processExitsWith: .success) { [path = journal.path as String] in
            try await HostileMemberTests.play(FoundHistories.all.map(\.history), Journal(path: path))
        }
        Self.explain(journal, isFault: result == nil)
    }

    private static func play(_ histories: [History], _ journal: Journal) async throws {
        let campaign = Campaign(world: try await HostileWorld(), journal: journal)
        try await campaign.run(histories) { Issue.record("\($0)") }
    }

    private static func explain(_ journal: Journal, isFault: Bool) {
        let unfinished = journal.unfinished()
        guard isFault, !unfinished.isEmpty else { return }
        Issue.record("the process ended within one of these:\n\(unfinished.joined(separator: "\n"))")
    }

    private static let processCount: UInt64 = 6

    /// What is played.
    ///
    /// More by hand: `BITNET_HISTORIES=200000`; one of them: `BITNET_HISTORIES=1 BITNET_HISTORY=4711`.
    private static let seeds: Range<UInt64> = {
        let first = number("BITNET_HISTORY") ?? 1
        return first..<first + (number("BITNET_HISTORIES") ?? usualCount)
    }()

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// Nobody waits for thousands where nothing is optimised.
    #if DEBUG
    private static let usualCount: UInt64 = 300
    #else
    private static let usualCount: UInt64 = 5000
    #endif
}
