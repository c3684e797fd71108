// SPDX-License-Identifier: MIT
import BitNetFormats
import ClusterPlanning
import ClusterWire
import OperatorReports
import Testing

@Suite struct DiagnosisTests {
    /// One worker that answers and one that does not.
    private var workers: [WorkerReport] {
        var examination = Examination()
        examination.build = "1.0"
        examination.state = .idle
        examination.processor = "CPU"
        examination.isa = "avx2"
        examination.isaOffered = "avx512"
        examination.physicalCoreCount = 2
        examination.processorKilohertz = 2_500_000
        examination.storeWriteMicros = 1500
        examination.openFilesMax = .max
        var machine = MachineFigures()
        machine.memoryAvailableByteCount = 3 << 30
        machine.loadAverageMilli = 250
        examination.machine = machine
        var a = WorkerReport(name: "a", address: "10.0.0.1:7100", outcome: .examined(examination))
        a.clockSkewSeconds = -0.012
        a.way = WayReport(to: "a", measured: .init(latencySeconds: 0.00025, bytesPerSecond: 1.25e8))
        return [
            a,
            WorkerReport(
                name: "b", address: "10.0.0.2:7100",
                outcome: .failed(.noAnswer, message: "does not answer\u{1B}")),
        ]
    }

    private var own: MachineFigures {
        var figures = MachineFigures()
        figures.memoryAvailableByteCount = 1 << 30
        figures.storeFreeByteCount = 2 << 30
        return figures
    }

    private var diagnosis: Diagnosis { Diagnosis(workers: workers, own: own, build: "1.0") }

    private static let findings = """

        here: memory available 1.0 GiB, disk free for converted weights 2.0 GiB, 1.0

        failure  b: does not answer\u{FFFD}
                 -> see whether the machine is up, and let TCP through to 10.0.0.2:7100 in every firewall between
        note     a: uses the avx2 kernels, though its processor has avx512
                 -> start it without --isa, unless that was measured to be faster

        tests: 1 of 2 workers answer; 1 failure, 0 warnings, 1 note

        """

    @Test func `a table has a column for each worker, and no row of which nothing is known`() {
        #expect(
            diagnosis.text(cluster: "tests", width: 80) == """
                                                      a              b
                address                   10.0.0.1:7100  10.0.0.2:7100
                state                              idle        timeout
                release                             1.0              –
                clock                            -12 ms              –
                processor                           CPU              –
                kernels                  avx2 of avx512              –
                cores / processors                2 / –          – / –
                frequency                      2.50 GHz              –
                memory available                3.0 GiB              –
                disk writes 1 MiB                1.5 ms              –
                load                               0.25              –
                open files                    unlimited              –
                from here           0.25 ms 1000 Mbit/s              –

                """ + Self.findings)
    }

    @Test func `a screen too narrow for the table gets a block for each worker`() {
        let blocks = """
            a
              address             10.0.0.1:7100
              state               idle
              release             1.0
              clock               -12 ms
              processor           CPU
              kernels             avx2 of avx512
              cores / processors  2 / –
              frequency           2.50 GHz
              memory available    3.0 GiB
              disk writes 1 MiB   1.5 ms
              load                0.25
              open files          unlimited
              from here           0.25 ms 1000 Mbit/s

            b
              address  10.0.0.2:7100
              state    timeout

            """
        #expect(diagnosis.text(cluster: "tests", width: 40) == blocks + Self.findings)
    }

    @Test func `ways between workers are rows of their own`() {
        var workers = workers
        workers[0].ways = [WayReport(to: "b", error: "refused")]
        let text = Diagnosis(workers: workers, own: nil, build: "1.0").text(cluster: "tests", width: 80)
        #expect(text.contains("\nto b                              fails               \n"), "\(text)")
        #expect(text.contains("here: memory available unknown, disk free for converted weights unknown, 1.0"))
    }

    @Test func `a cluster without workers and faults is well`() {
        #expect(
            Diagnosis(workers: [], own: nil, build: "1.0").text(cluster: "tests", width: 80) == """

                here: memory available unknown, disk free for converted weights unknown, 1.0

                tests: 0 of 0 workers answer; 0 failures, 0 warnings, 0 notes

                """)
    }

    @Test func `what a worker tells cannot leave its line`() {
        var workers = workers
        guard case .examined(var examination) = workers[0].outcome else { return }
        examination.processor = "a\nb" + String(repeating: "c", count: 99)
        examination.governor = "\u{1B}[2J"
        workers[0].outcome = .examined(examination)
        let text = Diagnosis(workers: workers, own: own, build: "1.0").text(cluster: "tests", width: 200)
        #expect(text.contains("  a\u{FFFD}b" + String(repeating: "c", count: 44) + "…"), "\(text)")
        #expect(text.contains("\u{FFFD}[2J"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    }

    // MARK: JSON

    @Test func `programs get null for what is not known, and why a worker was not examined`() {
        let json = diagnosis.json(cluster: "tests").encoded
        #expect(
            json.hasPrefix(
                #"{"cluster":"tests","build":"1.0","status":2,"here":{"process_cpu_seconds":null,"#))
        #expect(
            json.contains(
                #"{"name":"a","address":"10.0.0.1:7100","spare":false,"clock_skew_seconds":-0.012,"examination":{"#
                    + #""build":"1.0","protocol_min":0,"protocol_max":0,"state":"idle","holder":"","processor":"CPU","#
                    + #""isa":"avx2","isa_offered":"avx512","physical_cores":2,"logical_processors":null,"#))
        #expect(
            json.contains(
                #""store_write_seconds":0.0015,"store_error":"","steal_fraction":null,"open_files_max":9223372036854775807,"#
            ))
        #expect(
            json.contains(
                #""load_average":0.25}},"way_from_here":{"to":"a","latency_seconds":0.00025,"bytes_per_second":125000000.0,"error":null},"ways":null},"#
            ))
        #expect(
            json.contains(
                #"{"name":"b","address":"10.0.0.2:7100","spare":false,"trouble":"timeout","message":"does not answer\u001b"}],"#
            ))
        #expect(
            json.hasSuffix(
                #"{"severity":"note","worker":"a","summary":"uses the avx2 kernels, though its processor has avx512","#
                    + #""remedy":"start it without --isa, unless that was measured to be faster"}]}"#))
    }

    @Test func `the status is that of the gravest finding`() {
        #expect(
            Diagnosis(workers: [], own: nil, build: "1").json(cluster: "c").encoded
                == #"{"cluster":"c","build":"1","status":0,"here":null,"workers":[],"findings":[]}"#)
        let note = Diagnosis(workers: [workers[0]], own: nil, build: "1.0").json(cluster: "c").encoded
        #expect(note.contains(#""status":0"#))
        let warning = Diagnosis(workers: [workers[0]], own: nil, build: "2.0").json(cluster: "c").encoded
        #expect(warning.contains(#""status":1"#))
    }
}
