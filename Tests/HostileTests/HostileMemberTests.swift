// SPDX-License-Identifier: MIT
import Glibc
import Testing

/// Members that have the key and break every rule behind the handshake.
///
/// In processes of their own, whose files nobody else opens and whose end is told.
@Suite(.serialized) struct HostileMemberTests {
    @Test func `whatever a member does, nobody traps, hangs or keeps anything, and the next one is served`()
        async
    {
        _ = Journal(of: getpid()).unfinished()
        let result = await #expect(processExitsWith: .success) {
            try await HostileMemberTests.play(HostileMemberTests.seeds.map(History.init(seed:)))
        }
        Self.explain(isFault: result == nil)
    }

    @Test func `histories that showed a fault once show none`() async {
        _ = Journal(of: getpid()).unfinished()
        let result = await #expect(processExitsWith: .success) {
            try await HostileMemberTests.play(FoundHistories.all.map(\.history))
        }
        Self.explain(isFault: result == nil)
    }

    private static func play(_ histories: [History]) async throws {
        let campaign = Campaign(world: try await HostileWorld(), journal: Journal(of: getppid()))
        try await campaign.run(histories) { Issue.record("\($0)") }
    }

    private static func explain(isFault: Bool) {
        let unfinished = Journal(of: getpid()).unfinished()
        guard isFault, !unfinished.isEmpty else { return }
        Issue.record("the process ended within one of these:\n\(unfinished.joined(separator: "\n"))")
    }

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

    private static let usualCount: UInt64 = 300
}
