// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import ClusterWire
import Testing

@Suite struct DiagnosisTests {
    /// A machine that nothing is the matter with.
    private static func healthy() -> Examination {
        var machine = MachineFigures()
        (machine.memoryTotalByteCount, machine.memoryAvailableByteCount) = (16 << 30, 12 << 30)
        (machine.storeTotalByteCount, machine.storeFreeByteCount) = (100 << 30, 50 << 30)
        machine.loadAverageMilli = 100
        var examination = Examination()
        examination.build = "1"
        examination.machine = machine
        examination.state = .idle
        (examination.isa, examination.isaOffered) = ("avx512", "avx512")
        (examination.logicalProcessorCount, examination.affineProcessorCount) = (8, 8)
        (examination.usableProcessorCount, examination.threadCount) = (8, 8)
        examination.swapUsedByteCount = 0
        examination.hugePages = "madvise"
        examination.storeWriteMicros = 5000
        examination.stealPerMillion = 0
        (examination.processorKilohertz, examination.processorKilohertzMax) = (3_000_000, 3_500_000)
        examination.governor = "performance"
        examination.openFilesMax = 1024
        return examination
    }

    private func report(
        _ name: String = "a", skew: Double = 0.002, _ change: (inout Examination) -> Void = { _ in }
    ) -> WorkerReport {
        var examination = Self.healthy()
        change(&examination)
        var report = WorkerReport(name: name, address: "\(name):7101", outcome: .examined(examination))
        report.clockSkewSeconds = skew
        report.way = WayReport(to: name, measured: .init(latencySeconds: 1e-4, bytesPerSecond: 1e8))
        return report
    }

    private func findings(_ reports: WorkerReport..., own: MachineFigures? = nil) -> [Finding] {
        Diagnosis(workers: reports, own: own, build: "1").findings
    }

    @Test func `a healthy cluster has no findings`() {
        var a = report("a")
        a.ways = [WayReport(to: "b", measured: .init(latencySeconds: 5e-3, bytesPerSecond: 12.5e6))]
        let diagnosis = Diagnosis(
            workers: [a, report("b")], own: Self.healthy().machine, build: "1")
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.gravest == nil)
    }

    @Test func `a machine that tells nothing of itself is not blamed for it`() {
        var examination = Examination()
        examination.build = "1"
        let silent = WorkerReport(name: "a", address: "a:1", outcome: .examined(examination))
        #expect(findings(silent, own: MachineFigures()).isEmpty)
    }

    @Test(
        arguments: [
            (.nobodyListens, "bitnet-worker --listen a:7101"), (.noAnswer, "firewall"),
            (.unknownName, "correct the name"), (.otherKey, "same key file"), (.otherCluster, "--cluster"),
            (.otherVersion, "same release"), (.otherWorker, "addresses and names"), (.other, "log"),
        ] as [(WorkerReport.Trouble, String)])
    func `a worker that cannot be examined is a failure with a remedy of its own`(
        trouble: WorkerReport.Trouble, remedy: String
    ) {
        var report = WorkerReport(
            name: "a", address: "a:7101", outcome: .failed(trouble, message: "is not there"))
        let finding = findings(report)
        #expect(finding.map(\.severity) == [.failure])
        #expect(finding.first?.worker == "a")
        #expect(finding.first?.summary == "is not there")
        #expect(finding.first?.remedy.contains(remedy) == true)
        report.isSpare = true
        #expect(findings(report).map(\.severity) == [.warning])
    }

    @Test func `who else reaches a worker that does not answer here is told`() {
        let lost = WorkerReport(name: "b", address: "b:1", outcome: .failed(.noAnswer, message: "no answer"))
        var a = report("a")
        a.ways = [WayReport(to: "b", measured: .init(latencySeconds: 1e-3, bytesPerSecond: 1e9))]
        #expect(findings(a, lost).map(\.summary) == ["no answer (reached from a, though)"])
    }

    @Test func `a way that is open to one side only is told as such`() {
        var (a, b) = (report("a"), report("b"))
        a.ways = [WayReport(to: "b", measured: .init(latencySeconds: 1e-4, bytesPerSecond: 1e9))]
        b.ways = [WayReport(to: "a", error: "no route to host")]
        let finding = findings(a, b)
        #expect(finding.map(\.severity) == [.failure])
        #expect(
            finding.first?.summary == "does not reach a, though a reaches b: no route to host")
        #expect(finding.first?.remedy.contains("a:7101") == true)

        a.ways = [WayReport(to: "b", error: "timeout")]
        #expect(
            findings(a, b).map(\.summary) == [
                "does not reach b: timeout", "does not reach a: no route to host",
            ])
    }

    @Test func `nobody is blamed for not reaching a worker that is away`() {
        let lost = WorkerReport(name: "b", address: "b:1", outcome: .failed(.nobodyListens, message: "gone"))
        var a = report("a")
        a.ways = [WayReport(to: "b", error: "connection refused")]
        #expect(findings(a, lost).map(\.worker) == ["b"])
    }

    @Test func `slow ways are warnings, at their bounds they are not`() {
        var a = report("a")
        a.ways = [WayReport(to: "b", measured: .init(latencySeconds: 5.1e-3, bytesPerSecond: 12.4e6))]
        #expect(
            findings(a, report("b")).map(\.summary) == [
                "the way to b carries 99.2 Mbit/s", "the way to b takes 5.1 ms, which every token pays",
            ])
        a.ways = []
        a.way = WayReport(to: "a", measured: .init(latencySeconds: 1, bytesPerSecond: nil))
        #expect(findings(a).map(\.worker) == [nil])
    }

    private struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let severity: Finding.Severity
        let words: String
        let change: @Sendable (inout Examination) -> Void

        init(
            _ severity: Finding.Severity, _ words: String,
            _ change: @escaping @Sendable (inout Examination) -> Void
        ) {
            testDescription = words
            self.severity = severity
            self.words = words
            self.change = change
        }
    }

    private static let cases = [
        Case(.warning, "runs 2, this is 1") { $0.build = "2" },
        Case(.note, "held by coordinator of x") { $0.holder = "coordinator of x" },
        Case(.warning, "scalar kernels, though") { $0.isa = "scalar" },
        Case(.note, "avx2 kernels, though its processor has avx512") { $0.isa = "avx2" },
        Case(.warning, "no vector instructions") { ($0.isa, $0.isaOffered) = ("scalar", "scalar") },
        Case(.warning, "9 threads, but the machine has 8") { $0.threadCount = 9 },
        Case(.warning, "its affinity mask allows 4") {
            ($0.affineProcessorCount, $0.usableProcessorCount) = (4, 4)
        },
        Case(.warning, "the control group's quota allows 2") { $0.usableProcessorCount = 2 },
        Case(.warning, "8.1 threads want its 8 processors") { $0.machine?.loadAverageMilli = 8100 },
        Case(.warning, "has 1.5 GiB of 16.0 GiB memory") { $0.machine?.memoryAvailableByteCount = 3 << 29 },
        Case(.warning, "64.0 MiB of memory swapped") { $0.swapUsedByteCount = (64 << 20) + 1 },
        Case(.warning, "huge pages are off") { $0.hugePages = "never" },
        Case(.warning, "4.0 GiB of 100.0 GiB free") { $0.machine?.storeFreeByteCount = 4 << 30 },
        Case(.warning, "of 2.0 GiB free") {
            $0.machine?.storeTotalByteCount = 2 << 30
            $0.machine?.storeFreeByteCount = (1 << 30) - 1
        },
        Case(.failure, "read-only") { $0.storeError = "read-only file system" },
        Case(.warning, "0.6 s to write") { $0.storeWriteMicros = 600_000 },
        Case(.warning, "take 5.1 %") { $0.stealPerMillion = 51_000 },
        Case(.warning, "save power") { $0.governor = "powersave" },
        Case(.note, "2.00 of 3.50 GHz") { $0.processorKilohertz = 2_000_000 },
        Case(.warning, "may have 255 files") { $0.openFilesMax = 255 },
    ]

    @Test(arguments: cases)
    private func `each trouble of a machine is one finding`(_ trouble: Case) {
        let found = findings(report("a", trouble.change))
        #expect(found.map(\.severity) == [trouble.severity])
        #expect(found.first?.worker == "a")
        #expect(found.first?.summary.contains(trouble.words) == true, "\(found)")
        #expect(found.first?.remedy.isEmpty == false)
    }

    private static let bounds = [
        Case(.note, "threads") { ($0.threadCount, $0.usableProcessorCount) = (8, 8) },
        Case(.note, "load") { $0.machine?.loadAverageMilli = 8000 },
        Case(.note, "memory") { $0.machine?.memoryAvailableByteCount = (16 << 30) / 10 + 1 },
        Case(.note, "swap") { $0.swapUsedByteCount = 64 << 20 },
        Case(.note, "disk") { $0.machine?.storeFreeByteCount = 5 << 30 },
        Case(.note, "write") { $0.storeWriteMicros = 500_000 },
        Case(.note, "steal") { $0.stealPerMillion = 50_000 },
        Case(.note, "frequency") { $0.processorKilohertz = 2_100_000 },
        Case(.note, "files") { $0.openFilesMax = 256 },
    ]

    @Test(arguments: bounds)
    private func `a machine at a bound is well`(_ bound: Case) {
        #expect(findings(report("a", bound.change)).isEmpty)
    }

    @Test func `a worker that computes may be loaded`() {
        let found = findings(
            report("a") {
                $0.machine?.loadAverageMilli = 100_000
                $0.holder = "c"
            })
        #expect(found.map(\.severity) == [.note])
    }

    @Test func `clocks differ by a second and no more`() {
        #expect(findings(report(skew: 1)).isEmpty)
        #expect(findings(report(skew: -1.1)).map(\.summary) == ["its clock is 1.1 s behind the one here"])
        #expect(
            findings(report(skew: 3600)).map(\.summary) == ["its clock is 3600.0 s ahead of the one here"])
    }

    @Test func `instruction sets that differ are a note, and the gravest finding stands first`() {
        let diagnosis = Diagnosis(
            workers: [
                report("a") { ($0.isa, $0.isaOffered) = ("avx2", "avx2") },
                report("b") { $0.hugePages = "never" },
                WorkerReport(name: "c", address: "c:1", outcome: .failed(.otherKey, message: "other key")),
            ], own: nil, build: "1")
        #expect(diagnosis.findings.map(\.severity) == [.failure, .warning, .note])
        #expect(diagnosis.findings.last?.summary == "instruction sets differ: a avx2, b avx512")
        #expect(diagnosis.gravest == .failure)
    }

    @Test func `the machine of the coordinator is looked at too`() {
        var own = MachineFigures()
        (own.memoryTotalByteCount, own.memoryAvailableByteCount) = (8 << 30, 100 << 20)
        (own.storeTotalByteCount, own.storeFreeByteCount) = (8 << 30, 100 << 20)
        let found = findings(own: own)
        #expect(found.map(\.worker) == [nil, nil])
        #expect(found.map(\.severity) == [.warning, .warning])
    }

    @Test func `a store here that nothing can be written to is found`() {
        let diagnosis = Diagnosis(workers: [], own: .init(), storeError: "read-only", build: "1")
        #expect(diagnosis.findings.map(\.severity) == [.warning])
        #expect(diagnosis.findings.first?.summary.contains("read-only") == true)
    }

    @Test func `the largest figures trap nothing`() {
        var machine = MachineFigures()
        (machine.memoryTotalByteCount, machine.memoryAvailableByteCount) = (.max, 0)
        (machine.storeTotalByteCount, machine.storeFreeByteCount) = (.max, 0)
        machine.loadAverageMilli = .max
        let found = findings(
            report("a", skew: .infinity) {
                $0.machine = machine
                $0.stealPerMillion = .max
                $0.storeWriteMicros = .max
                $0.swapUsedByteCount = .max
                $0.threadCount = .max
                ($0.processorKilohertz, $0.processorKilohertzMax) = (0, .max)
                $0.openFilesMax = 0
            })
        #expect(found.count >= 8)
    }
}
