// SPDX-License-Identifier: MIT
import BitNetFormats
import OperatorReports
import Testing

@Suite struct ConversionBenchReportTests {
    private var report = ConversionBenchReport(
        model: "stories", inputByteCount: 3e9, outputByteCount: 1.25e9, seconds: 2, threadCount: 1)

    @Test func `a line says what became of what, and how fast`() {
        var report = report
        #expect(
            report.text
                == "stories: 3.00 GB become 1.25 GB in 2.00 s with 1 thread: 1.50 GB/s of input, 1.50 a thread\n"
        )
        report.threadCount = 2
        #expect(report.text.hasSuffix("with 2 threads: 1.50 GB/s of input, 0.75 a thread\n"))
    }

    @Test func `programs get bytes and seconds`() {
        #expect(
            report.json.encoded
                == #"{"input_bytes":3000000000.0,"output_bytes":1250000000.0,"seconds":2.0,"threads":1,"#
                + #""input_bytes_per_second":1500000000.0}"#)
    }

    @Test func `no time makes no speed`() {
        var report = report
        report.seconds = 0
        #expect(report.text.hasSuffix("in 0.00 s with 1 thread: – GB/s of input, – a thread\n"))
        #expect(report.json.encoded.hasSuffix(#""input_bytes_per_second":null}"#))
    }
}
