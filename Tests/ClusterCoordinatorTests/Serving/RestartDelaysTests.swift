// SPDX-License-Identifier: MIT
import ClusterCoordinator
import Testing

@Suite struct RestartDelaysTests {
    @Test func `the first attempt is made at once, and each that fails doubles the wait, up to the longest`()
    {
        var delays = RestartDelays(.seconds(1) ... .seconds(5))
        let waits = [.seconds(60), nil, nil, nil, nil, nil].map { delays.next(after: $0) }
        #expect(waits == [.zero, .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
    }

    @Test func `who served for a while is brought back at once, and who is lost at once is not`() {
        var delays = RestartDelays(.seconds(1) ... .seconds(5))
        _ = [.seconds(60), nil, nil].map { delays.next(after: $0) }
        #expect(delays.next(after: .milliseconds(999)) == .seconds(4))
        #expect(delays.next(after: .seconds(1)) == .zero)
    }
}
