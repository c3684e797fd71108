// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import Testing

@Suite struct FailoverMusterTests {
    private let start = FailoverMuster(standing: ["a", "b", "c"], lost: ["c"], others: ["s"])

    @Test func `when all are back nobody else is waited for`() {
        var muster = start
        for name in ["a", "b"] { muster.join(name) }
        #expect(!muster.isDue(after: .zero))
        muster.join("c")
        #expect(muster.isDue(after: .zero))
    }

    @Test func `who was not seen to die is waited for, and spares a moment longer`() {
        var muster = start
        muster.join("a")
        muster.join("s")
        #expect(!muster.isDue(after: Limits.failoverGrace - .milliseconds(1)))
        #expect(muster.isDue(after: Limits.failoverGrace))
        muster.join("b")
        #expect(muster.isDue(after: .zero))
    }

    @Test func `who was there in vain is asked again, and counts when it comes`() {
        var muster = start
        for name in ["a", "b"] { muster.join(name) }
        let delays = ["c", "s"].map { muster.leave($0) }
        #expect(delays == [Limits.failoverRetryInterval, Limits.failoverRetryInterval])
        #expect(muster.isOver)
        muster.join("s")
        #expect(muster.joined == ["a", "b", "s"] && muster.absent == ["c"])
    }
}
