// SPDX-License-Identifier: MIT
import BitNetEngine
import BitNetFormats
import OperatorReports
import Testing

@Suite struct KernelBenchReportTests {
    private func measurement(threads: Int, seconds: Double) -> KernelBench.Measurement {
        var item = KernelBench.Measurement(
            rows: 1000, columns: 2000, tokens: 8, product: .dot8, threads: threads)
        item.seconds = seconds
        item.byteCount = 500_000
        return item
    }

    private var report: KernelBenchReport {
        var one = measurement(threads: 1, seconds: 0.001)
        one.quantiseSeconds = 2e-5
        one.readRatio = 0.25
        one.multiplyAddRatio = 0.5
        var report = KernelBenchReport(Samples.machine)
        report.matrices = [
            .init(shape: "2b-4t", measurements: [one, measurement(threads: 2, seconds: 0.0012)])
        ]
        report.best = [
            .init(threads: 1, readRate: 12.34e9, multiplyAddRate: 100e9),
            .init(threads: 2, readRate: 20e9, multiplyAddRate: nil),
        ]
        report.layoutRate = 1.5e9
        return report
    }

    @Test func `a table names the matrix and gives every figure in its unit`() {
        #expect(
            report.matrices[0].text == """

                2b-4t 1000 × 2000  tokens  threads      µs  codes µs  Gweights/s  GB/s  of read  GMAC/s  of peak
                  dot8                  8        1  1000.0      20.0         2.0   0.5     0.25    16.0     0.50
                  dot8                  8        2  1200.0       0.0         1.7   0.4     0.00    13.3        –

                """)
        #expect(KernelBenchReport.Matrix(shape: "8b", measurements: []).text.isEmpty)
    }

    @Test func `what stands below names the machine's best and warns of threads that slow`() {
        #expect(
            report.closing == """

                1 thread: pure read 12.3 GB/s, int8 peak 100 GMAC/s
                2 threads: pure read 20.0 GB/s
                laid out when loaded: 1.50 GB/s of packed weights a thread
                warning: 2 threads are slower than 1: 1000 × 2000, 8 tokens, dot8: 1200.0 µs instead of 1000.0

                """)
    }

    @Test func `only what is slower by more than measuring errs is warned of`() {
        var report = report
        report.matrices[0].measurements[1].seconds = 0.00105
        #expect(!report.closing.contains("warning"))
        report.matrices[0].measurements[1].seconds = 0.0010501
        #expect(report.closing.contains("warning: 2 threads are slower than 1"))
        report.matrices[0].measurements[1] = measurement(threads: 1, seconds: 9)
        #expect(!report.closing.contains("warning"))
    }

    @Test func `programs get every figure in base units`() {
        #expect(
            report.json.encoded
                == #"{"processor":"CPU","processors":2,"isa":"avx2","kernels":"auto","#
                + #""dot_product_from_tokens":8,"best":[{"threads":1,"read_bytes_per_second":12340000000.0,"#
                + #""int8_multiply_adds_per_second":100000000000.0},{"threads":2,"#
                + #""read_bytes_per_second":20000000000.0,"int8_multiply_adds_per_second":null}],"#
                + #""layout_bytes_per_second_and_thread":1500000000.0,"slower_with_more_threads":1,"results":["#
                + #"{"shape":"2b-4t","rows":1000,"columns":2000,"tokens":8,"product":"dot8","threads":1,"#
                + #""seconds":0.001,"quantise_seconds":2e-05,"weights_per_second":2000000000.0,"#
                + #""bytes_per_second":500000000.0,"read_ratio":0.25,"multiply_adds_per_second":16000000000.0,"#
                + #""peak_ratio":0.5},"#
                + #"{"shape":"2b-4t","rows":1000,"columns":2000,"tokens":8,"product":"dot8","threads":2,"#
                + #""seconds":0.0012,"quantise_seconds":0.0,"weights_per_second":1666666666.6666667,"#
                + #""bytes_per_second":416666666.6666667,"read_ratio":0.0,"#
                + #""multiply_adds_per_second":13333333333.333334,"peak_ratio":null}]}"#)
    }

    @Test func `figures that are none are dashes and null`() {
        var report = KernelBenchReport(Samples.machine)
        report.layoutRate = .nan
        report.matrices = [.init(shape: "8b", measurements: [measurement(threads: 1, seconds: 0)])]
        #expect(report.closing == "\nlaid out when loaded: – GB/s of packed weights a thread\n")
        #expect(report.matrices[0].text.contains("0.0           –     –"))
        #expect(report.json.encoded.contains(#""layout_bytes_per_second_and_thread":null"#))
        #expect(report.json.encoded.contains(#""weights_per_second":null"#))
    }
}
