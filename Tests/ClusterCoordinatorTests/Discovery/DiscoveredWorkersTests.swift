// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import Testing

/// Who the workers are that a name stands for.
@Suite struct DiscoveredWorkersTests {
    private typealias Answer = DiscoveredWorkers.Answer

    private func at(_ host: String) -> HostPort { HostPort(host: host, port: 7101) }

    private func answer(_ host: String, _ name: String, process: UInt64) -> Answer {
        Answer(address: at(host), name: name, processID: process)
    }

    /// `NAME=PLACE`, joined.
    private func take(
        _ known: inout DiscoveredWorkers, _ hosts: [String], _ answers: [Answer], count: Int = 1
    ) -> String {
        let now = known.take(addresses: hosts.map(at), answers: answers, count: count)
        return now.workers.map { "\($0.name)=\($0.place.host)" }.joined(separator: " ")
    }

    @Test func `workers stand in the order of their numbers`() {
        var known = DiscoveredWorkers()
        let answers = [10, 2, 0].map { answer("10.0.0.\($0)", "worker-\($0)", process: UInt64($0)) }
        let text = take(&known, ["10.0.0.10", "10.0.0.2", "10.0.0.0"], answers)
        #expect(text == "worker-0=10.0.0.0 worker-2=10.0.0.2 worker-10=10.0.0.10")
    }

    @Test func `a worker that comes back elsewhere is the same worker`() {
        var known = DiscoveredWorkers()
        _ = take(
            &known, ["1.1.1.1", "2.2.2.2"],
            [answer("1.1.1.1", "a", process: 1), answer("2.2.2.2", "b", process: 2)])
        let text = take(
            &known, ["1.1.1.1", "3.3.3.3"],
            [answer("1.1.1.1", "a", process: 1), answer("3.3.3.3", "b", process: 7)])
        #expect(text == "a=1.1.1.1 b=3.3.3.3")
    }

    @Test func `no more are remembered than a cluster can have`() {
        var known = DiscoveredWorkers()
        for number in 0...Limits.workersMax {
            let host = "10.0.\(number / 256).\(number % 256)"
            _ = take(&known, [host], [answer(host, "", process: UInt64(clamping: number))])
        }
        // As many as there are, for none of the wanted ones is there.
        let all = known.take(addresses: [], answers: [], count: .max).workers
        #expect(!all.isEmpty && all.count <= Limits.workersMax)
    }

    @Test func `who has another's old address is not taken for it`() {
        var known = DiscoveredWorkers()
        _ = take(
            &known, ["1.1.1.1", "2.2.2.2"],
            [answer("1.1.1.1", "a", process: 1), answer("2.2.2.2", "b", process: 2)])
        let text = take(
            &known, ["1.1.1.1", "2.2.2.2"],
            [answer("2.2.2.2", "a", process: 3), answer("1.1.1.1", "b", process: 4)])
        #expect(text == "a=2.2.2.2 b=1.1.1.1")
    }

    @Test func `who does not answer where it was stays a worker while it is listed there, or missed`() {
        let both = [answer("1.1.1.1", "a", process: 1), answer("2.2.2.2", "b", process: 2)]
        var known = DiscoveredWorkers()
        _ = take(&known, ["1.1.1.1", "2.2.2.2"], both)
        #expect(take(&known, ["1.1.1.1", "2.2.2.2"], [both[0]]) == "a=1.1.1.1 b=2.2.2.2")
        #expect(take(&known, ["1.1.1.1"], [both[0]]) == "a=1.1.1.1")
        #expect(take(&known, ["1.1.1.1"], [both[0]], count: 2) == "a=1.1.1.1 b=2.2.2.2")
        #expect(take(&known, [], [], count: 5) == "a=1.1.1.1 b=2.2.2.2")
    }

    @Test func `who was never heard of is nobody`() {
        var known = DiscoveredWorkers()
        #expect(take(&known, ["1.1.1.1"], [], count: 3).isEmpty)
    }

    @Test func `one process at two addresses is one worker, two of one name are told`() {
        var known = DiscoveredWorkers()
        let twice = [answer("fd00::1", "a", process: 1), answer("1.1.1.1", "a", process: 1)]
        #expect(take(&known, ["fd00::1", "1.1.1.1"], twice) == "a=fd00::1")
        let now = known.take(
            addresses: ["1.1.1.1", "2.2.2.2"].map(at),
            answers: [answer("1.1.1.1", "a", process: 1), answer("2.2.2.2", "a", process: 2)], count: 1)
        #expect(now.ambiguous == ["a"] && now.workers.count == 1)
    }

    @Test func `workers without names are called by their addresses, and a place that follows them is kept`()
    {
        var known = DiscoveredWorkers()
        #expect(take(&known, ["1.1.1.1"], [answer("1.1.1.1", "", process: 1)]) == "1.1.1.1:7101=1.1.1.1")
        var named = answer("1.1.1.1", "w-0", process: 1)
        named.place = HostPort(host: "w-0.workers.ns", port: 7101)
        #expect(take(&known, ["1.1.1.1"], [named]) == "w-0=w-0.workers.ns")
    }
}
