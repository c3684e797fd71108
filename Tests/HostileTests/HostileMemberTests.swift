// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc
import TestSupport
import Testing

/// Members that have the key and break every rule behind the handshake.
@Suite struct HostileMemberTests {
    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// What is played.
    ///
    /// More by hand: `BITNET_HISTORIES=200000`; one of them: `BITNET_HISTORIES=1 BITNET_HISTORY=4711`.
    private static let seeds: Range<UInt64> = {
        let first = number("BITNET_HISTORY") ?? 1
        return first..<first + (number("BITNET_HISTORIES") ?? usualCount)
    }()

    #if DEBUG
    /// Sockets are ten times as slow as in the release build.
    private static let usualCount: UInt64 = 300
    #else
    private static let usualCount: UInt64 = 5000
    #endif

    @Test(arguments: FoundHistories.all.indices)
    func `histories that showed a fault once show none`(index: Int) async throws {
        let (what, history) = FoundHistories.all[index]
        let fault = try await HistoryRun(history: history, world: HostileWorld()).fault()
        #expect(fault == nil, "\(what): \(history)")
    }

    @Test func `whatever a member does, nobody traps, hangs or keeps anything, and the next one is served`()
        async throws
    {
        let world = try await HostileWorld()
        let before = ProcessFigures()
        try await Campaign(world: world, seeds: Self.seeds).run { Issue.record("\($0)") }
        let after = await ProcessFigures.settled(at: before)
        #expect(after.descriptorCount <= before.descriptorCount, "\(after.openFiles)")
        #expect(after.threadCount <= before.threadCount + 64)
    }
}
