// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning
import Testing

@Suite struct SlotCountsTests {
    private static func attempt(fits limit: Int) -> (Int) throws(PlanError) -> Int {
        { count throws(PlanError) in
            guard count <= limit else { throw PlanError(.memory, "\(count) do not fit") }
            return count
        }
    }

    @Test(arguments: [(100, 16), (16, 16), (15, 12), (7, 6), (1, 1)])
    func `as many as fit`(limit: Int, expected: Int) throws {
        let found = try SlotCounts.first(wanted: nil, Self.attempt(fits: limit))
        #expect(found.slotCount == expected && found.result == expected)
    }

    @Test func `what is asked for is tried alone`() throws {
        #expect(try SlotCounts.first(wanted: 40, Self.attempt(fits: 40)).slotCount == 40)
        #expect(throws: PlanError(.memory, "40 do not fit")) {
            try SlotCounts.first(wanted: 40, Self.attempt(fits: 39))
        }
    }

    @Test func `when not even one fits it is said of one`() {
        #expect(throws: PlanError(.memory, "1 do not fit")) {
            try SlotCounts.first(wanted: nil, Self.attempt(fits: 0))
        }
    }

    @Test func `what is not about memory ends the search`() {
        var counts: [Int] = []
        #expect(throws: PlanError(.layers, "gap")) {
            try SlotCounts.first(wanted: nil) { count throws(PlanError) in
                counts.append(count)
                throw PlanError(.layers, "gap")
            }
        }
        #expect(counts == [Limits.defaultSlotsMax])
    }
}
