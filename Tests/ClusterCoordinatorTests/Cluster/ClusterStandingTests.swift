// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterCoordinator
import Testing

@Suite struct ClusterStandingTests {
    @Test func `what workers know of sequences serves one coordinator only, as long as all else is the same`()
    {
        let (one, other) = (ClusterStanding(), ClusterStanding())
        let states = ContentDigest.of([1])
        #expect(one.name(states) == one.name(states))
        #expect(one.name(states) != one.name(.of([2])))
        #expect(one.name(states) != other.name(states))
        #expect(one.name(nil) == nil)
    }
}
