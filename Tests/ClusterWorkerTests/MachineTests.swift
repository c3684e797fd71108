// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterWire
import ClusterWorker
import Dispatch
import Testing

@Suite struct MachineTests {
    private func group(_ membership: String, _ files: [String: String]) -> ControlGroupMemory {
        ControlGroupMemory(membership: membership, mount: "/cg", read: { files[$0] })
    }

    @Test func `the tightest group of version 2 counts, and the page cache can be taken back`() {
        let memory = group(
            "0::/a/b",
            [
                "/cg/a/b/memory.max": "max", "/cg/a/memory.max": "1000", "/cg/a/memory.current": "700",
                "/cg/a/memory.stat": "anon 400\ninactive_file 300\nfile 310", "/cg/memory.max": "2000",
                "/cg/memory.current": "1900",
            ])
        #expect(memory.limit == 1000)
        #expect(memory.available == 100)
    }

    @Test func `groups of version 1 count too, and its largest number is no limit`() {
        let files = [
            "/cg/memory/a/memory.limit_in_bytes": "500", "/cg/memory/a/memory.usage_in_bytes": "900",
            "/cg/memory/memory.limit_in_bytes": "9223372036854771712",
            "/cg/memory/memory.usage_in_bytes": "1",
        ]
        #expect(group("4:cpu,memory:/a\n3:cpuset:/a", files).limit == 500)
        #expect(group("4:memory:/a", files).available == 0)
        #expect(group("4:memory:/", files).limit == nil)
    }

    @Test(arguments: [
        "", "0", "0:", "0::", ":::", "0::/../../etc", "4:memory",
        "x:memory:" + String(repeating: "/a", count: 9999),
        "0::\u{0}",
    ])
    func `a membership that makes no sense limits nothing`(text: String) {
        #expect(group(text, [:]) == group("", [:]))
    }

    @Test func `a machine has what its group leaves of it`() {
        let meminfo = "MemTotal: 8 kB\nMemAvailable: 6 kB\nSwapTotal: 4 kB\nSwapFree: 1 kB"
        let free = SystemMemory(meminfo: meminfo, group: group("", [:]))
        #expect(free.totalByteCount == 8192)
        #expect(free.availableByteCount == 6144)
        #expect(free.limitByteCount == nil)
        #expect(free.swapFreeByteCount == 1024)
        let files = ["/cg/memory.max": "4096", "/cg/memory.current": "1024"]
        let limited = SystemMemory(meminfo: meminfo, group: group("0::/", files))
        #expect(limited.totalByteCount == 4096)
        #expect(limited.availableByteCount == 3072)
        #expect(SystemMemory(meminfo: "", group: group("", [:])).availableByteCount == nil)
    }

    @Test func `this machine tells of itself, and its sums rise`() {
        let first = MachineFigures.current(storeDirectory: "/")
        var sum = 0.0
        for number in 0..<2_000_000 { sum += Double(number).squareRoot() }
        #expect(sum > 0)
        let second = MachineFigures.current(storeDirectory: "/")
        #expect(second.processCPUMicros ?? 0 > first.processCPUMicros ?? 0)
        #expect(second.processUptimeMicros ?? 0 > first.processUptimeMicros ?? .max)
        #expect(second.processResidentByteCount ?? 0 > 1 << 20)
        #expect(second.memoryAvailableByteCount ?? 0 <= second.memoryTotalByteCount ?? 0)
        #expect(second.storeFreeByteCount ?? 0 <= second.storeTotalByteCount ?? 0)
        #expect(second.processorsTotalMicros ?? 0 >= first.processorsTotalMicros ?? .max)
        #expect(second.loadAverageMilli != nil)
        #expect(second.coresActive(since: first) ?? 0 > 0)
        #expect(MachineFigures.current(storeDirectory: "/no/such/directory").storeFreeByteCount == nil)
    }

    @Test func `shares of time are known if both ends are and nothing fell`() {
        var first = MachineFigures()
        var second = MachineFigures()
        #expect(second.stealFraction(since: first) == nil)
        (first.processorsTotalMicros, first.processorsStealMicros) = (1000, 10)
        (second.processorsTotalMicros, second.processorsStealMicros) = (2000, 260)
        #expect(second.stealFraction(since: first) == 0.25)
        #expect(first.stealFraction(since: second) == nil)
        #expect(first.stealFraction(since: first) == nil)
        second.processorsStealMicros = .max
        #expect(second.stealFraction(since: first) == 1)
        (first.processUptimeMicros, first.processCPUMicros) = (1_000_000, 5)
        (second.processUptimeMicros, second.processCPUMicros) = (3_000_000, 3_000_005)
        #expect(second.coresActive(since: first) == 1.5)
    }

    @Test func `a slow disk delays no heartbeat`() async throws {
        let mayRead = DispatchSemaphore(value: 0)
        let watch = MachineWatch {
            mayRead.wait()
            var figures = MachineFigures()
            figures.storeFreeByteCount = 7
            return figures
        }
        for _ in 0..<3 { #expect(watch.figures() == nil) }
        mayRead.signal()
        let deadline = ContinuousClock.now + .seconds(60)
        while watch.figures() == nil, .now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        #expect(watch.figures()?.storeFreeByteCount == 7)
        // Whoever waits for the semaphore goes on, so that the queue can end.
        mayRead.signal()
    }
}
