// SPDX-License-Identifier: MIT
import BitNetFormats
import OperatorReports
import Testing

@Suite struct TokenizerBenchTests {
    private let report = TokenizerBenchReport(
        processor: "CPU", model: "m.gguf", vocabularyCount: 500, loadSeconds: 0.0126,
        residentByteCount: 1_500_000, promptByteCount: 16_384, rounds: 9,
        rows: [
            .init(name: "English-like", byteCount: 1_000_000, tokenCount: 250_000, seconds: 0.5),
            .init(name: "empty", byteCount: 0, tokenCount: 0, seconds: 0),
        ])

    @Test func `people read sizes and speeds in a table`() {
        #expect(
            report.text == """
                CPU, one thread
                m.gguf: 500 tokens, loaded in 13 ms, 1.5 MB
                prompts of 16384 bytes, medians of 9 rounds

                                MB  MB/s  tokens/s  bytes a token
                English-like  1.00  2.00    500000           4.00
                empty         0.00     –         –           0.00

                """)
    }

    @Test func `programs read them as numbers`() {
        var report = report
        report.residentByteCount = nil
        #expect(
            report.json.encoded
                == #"{"processor":"CPU","model":"m.gguf","vocabulary_tokens":500,"load_ms":12.6,"#
                + #""resident_bytes":null,"prompt_bytes":16384,"rounds":9,"texts":[{"name":"English-like","#
                + #""bytes":1000000,"tokens":250000,"megabytes_per_second":2.0,"tokens_per_second":500000.0},"#
                + #"{"name":"empty","bytes":0,"tokens":0,"megabytes_per_second":null,"#
                + #""tokens_per_second":null}]}"#)
        #expect(report.text.contains("loaded in 13 ms\n"))
    }

    @Test func `a text's name cannot break the table`() {
        var report = report
        report.rows = [.init(name: "a\nb\u{1B}", byteCount: 0, tokenCount: 0, seconds: 1)]
        #expect(report.text.contains("\na\u{FFFD}b\u{FFFD}  0.00"))
    }

    @Test func `a text is cut behind ends of lines`() {
        let text = "one\ntwo\nthree\n"
        #expect(TokenizerBench.prompts(of: text, byteCountMin: 1) == ["one\n", "two\n", "three\n", "\n"])
        #expect(TokenizerBench.prompts(of: text, byteCountMin: 5) == ["one\ntwo\n", "three\n", "\n"])
        #expect(TokenizerBench.prompts(of: text, byteCountMin: 99) == ["one\ntwo\nthree\n\n"])
        #expect(TokenizerBench.prompts(of: "", byteCountMin: 1) == ["\n"])
    }

    @Test func `the texts that are made are the same in every run and a megabyte long`() {
        for text in [BenchText.english, BenchText.manyScripts] {
            #expect((1 << 20..<(1 << 20) + 1000).contains(text.utf8.count))
        }
        #expect(BenchText.english == BenchText.english)
        #expect(BenchText.english.utf8.allSatisfy { $0 < 0x80 })
        #expect(BenchText.manyScripts.contains { $0.unicodeScalars.contains { $0.value > 0x3000 } })
    }
}
