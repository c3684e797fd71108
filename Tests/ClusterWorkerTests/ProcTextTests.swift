// SPDX-License-Identifier: MIT
import ClusterWorker
import Testing

@Suite struct ProcTextTests {
    private let meminfo = """
        MemTotal:       24684092 kB
        MemFree:        11352076 kB
        MemAvailable:   23890612 kB
        SwapTotal:             0 kB
        HugePages_Total:       0
        """

    @Test func `memory is told in bytes`() {
        #expect(ProcText.memory("MemTotal", in: meminfo) == 24_684_092 * 1024)
        #expect(ProcText.memory("MemAvailable", in: meminfo) == 23_890_612 * 1024)
        #expect(ProcText.memory("SwapTotal", in: meminfo) == 0)
    }

    @Test(arguments: [
        "", "MemTotal", "MemTotal:", "MemTotal: kB", "MemTotal: -1 kB", "MemTotal: 1 MB", "MemTotal: 1e3 kB",
        "MemTotal: 18446744073709551615 kB", "MemTotal: 99999999999999999999 kB", "XMemTotal: 1 kB",
        "MemTotal: 1 kB extra", "\u{FFFD}\0\0",
    ])
    func `memory that is not told in order is missing`(text: String) {
        #expect(ProcText.memory("MemTotal", in: text) == nil)
        #expect(ProcText.memory("HugePages_Total", in: meminfo) == nil)
    }

    @Test func `processors' time is the sum of all that is not part of another figure`() {
        let text = """
            cpu  1793077 63617 222134 871696 11727 0 5334 5097 40 2
            cpu0 848397 31337 104440 493623 3500 0 2220 2552 0 0
            intr 4711
            """
        let ticks = ProcText.processorTicks(in: text)
        #expect(ticks?.total == 2_972_682)
        #expect(ticks?.steal == 5097)
    }

    @Test(arguments: [
        "", "cpu", "cpu 1 2 3 4 5 6 7", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7 x", "cpu 1 -2 3 4 5 6 7 8",
        "cpu 18446744073709551615 1 0 0 0 0 0 0", "\n\n", "intr 1\ncpu 1 2 3 4 5 6 7 8",
    ])
    func `processors' time that is not told in order is missing`(text: String) {
        #expect(ProcText.processorTicks(in: text) == nil)
    }

    private let rest =
        " R 10975 10975 26389 0 -1 4194304 118 0 0 0 7 8 0 0 20 0 1 0 1490084 3133440 360 184467440737 1 1"

    @Test(arguments: ["cat", "a b", "a) R 1 2 3", "((", "", "\u{FFFD}\n"])
    func `a process's state is found behind whatever name it has`(name: String) {
        let state = ProcText.processState(in: "10985 (\(name))" + rest)
        #expect(state?.startTicks == 1_490_084)
        #expect(state?.residentPages == 360)
    }

    @Test(arguments: [
        "", "1", "1 (a)", "1 (a) R 1", "1 (a) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x 20 -1",
    ])
    func `a process's state that is not told in order is missing`(text: String) {
        #expect(ProcText.processState(in: text) == nil)
    }

    @Test(
        arguments: [
            ("2.48 2.32 1.93 3/105 10988", 2480), ("0.00 0 0", 0), ("0.0005", 1), ("", nil), ("x", nil),
            ("-1 0 0", nil), ("nan", nil), ("inf", nil), ("1e300", nil),
        ] as [(String, UInt64?)])
    func `the load is told in thousandths`(text: String, load: UInt64?) {
        #expect(ProcText.loadAverageMilli(in: text) == load)
    }
}
