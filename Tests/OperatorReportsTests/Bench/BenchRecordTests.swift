// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterCoordinator
import ClusterPlanning
import OperatorReports
import Testing

@Suite struct BenchRecordTests {
    /// As it is saved; keys are sorted.
    private static let saved =
        #"{"cache_type":"f16","head":"fast","hop_micros":41.6,"mixed":{"busy_gap_p95_ms":80.25,"chunk_ms":30.5,"#
        + #""prompt_seconds":2.5,"prompt_tokens":4000,"quiet_gap_p95_ms":20.125,"streams":4},"model":"stories","#
        + #""parameters":2000000000,"processor":"CPU","processors":2,"read_ratio":0.875,"rows":[{"concurrency":1,"#
        + #""test":"pp512","tokens_per_second":[100]},{"concurrency":1,"test":"tg128","tokens_per_second":[14,10]}],"#
        + #""size_bytes":1610612736,"stage_count":1,"stages":[{"ahead":0.5,"busy":0.75,"compute_ms":12.5,"#
        + #""concurrency":1,"idle_ms":4.25,"index":0,"isa":"avx2","layers":"0-8","read_ms":6.5,"#
        + #""received_bytes_per_step":96,"sending_ms":0.25,"threads":2,"tokens_per_step":1,"worker":"w0"}],"workers":1}"#

    private static func record() throws -> BenchRecord {
        try BenchRecord(decoding: Array(saved.utf8))
    }

    // MARK: The record

    @Test func `a record is read as it was saved`() throws {
        #expect(try Self.record().encoded == Self.saved)
    }

    @Test func `what is not known is left out, and what is no record is refused`() throws {
        var record = try Self.record()
        record.mixed = nil
        record.hopMicros = nil
        record.readRatio = nil
        record.stages[0].readMs = nil
        let text = try record.encoded
        for key in ["mixed", "hop_micros", "read_ratio", "read_ms"] { #expect(!text.contains(key), "\(key)") }
        #expect(try BenchRecord(decoding: Array(text.utf8)) == record)
        for bad in ["", "{}", "[]", Self.saved.replacing("\"workers\":1", with: "\"workers\":\"one\"")] {
            #expect(throws: (any Error).self) { try BenchRecord(decoding: Array(bad.utf8)) }
        }
    }

    @Test func `a row's mean and deviation are those of its rounds`() throws {
        #expect(try Self.text(of: []).contains("|  tg1 |  0.00 ± 0.00 |"))
        #expect(try Self.text(of: [7]).contains("|  tg1 |  7.00 ± 0.00 |"))
        #expect(try Self.text(of: [10, 14, 18]).contains("|  tg1 | 14.00 ± 4.00 |"))
        #expect(try Self.text(of: [.infinity]).contains("|  tg1 |     – ± 0.00 |"))
        #expect(try Self.text(of: [.nan, 1]).contains("|  tg1 |        – ± – |"))
    }

    private static func text(of rates: [Double]) throws -> String {
        var record = try record()
        record.stages = []
        record.rows = [
            .init(test: "pp2", concurrency: 1, tokensPerSecond: [12.345]),
            .init(test: "tg1", concurrency: 1, tokensPerSecond: rates),
        ]
        return record.text
    }

    // MARK: Text

    @Test func `people read two tables and what is to be said of them`() throws {
        #expect(
            try Self.record().text == """
                |   model |     size | params | workers | stages |  C |  test |      t/s ± sd |
                | ------: | -------: | -----: | ------: | -----: | -: | ----: | ------------: |
                | stories | 1.50 GiB | 2.00 B |       1 |      1 |  1 | pp512 | 100.00 ± 0.00 |
                | stories | 1.50 GiB | 2.00 B |       1 |      1 |  1 | tg128 |  12.00 ± 2.83 |

                |  C | stage |    worker | layers | threads | tokens/step | compute ms | read ms | busy % | idle ms | sending ms | ahead % | B/step |
                | -: | ----: | --------: | -----: | ------: | ----------: | ---------: | ------: | -----: | ------: | ---------: | ------: | -----: |
                |  1 |     0 | w0 (avx2) |    0-8 |       2 |         1.0 |      12.50 |    6.50 |   75.0 |    4.25 |       0.25 |      50 |     96 |

                hop: 42 µs beyond compute (median, one sequence, 2 ways a step)
                one sequence: 0.88 of what reading the weights alone would allow
                gap between tokens of 4 streams, 95th percentile: 20.1 ms alone, 80.3 ms beside a prompt of 4000 tokens (a chunk takes 30.5 ms; the prompt took 2.5 s)
                CPU, 2 processors; KV cache f16, fast head

                """)
    }

    @Test func `a record of nothing is a header and the machine`() throws {
        var record = try Self.record()
        record.rows = []
        record.stages = []
        record.mixed = nil
        record.hopMicros = nil
        record.readRatio = nil
        #expect(
            record.text == """
                | model | size | params | workers | stages |  C | test | t/s ± sd |
                | ----: | ---: | -----: | ------: | -----: | -: | ---: | -------: |

                CPU, 2 processors; KV cache f16, fast head

                """)
    }

    @Test func `two records are compared by the tests that both have`() throws {
        let first = try Self.record()
        var second = first
        second.model = "other\u{1B}[2J"
        second.workers = 2
        second.rows = [
            .init(test: "tg128", concurrency: 1, tokensPerSecond: [24]),
            .init(test: "tg128", concurrency: 2, tokensPerSecond: [40]),
        ]
        #expect(
            BenchRecord.comparison(first, second, names: ("a.json", "b|c.json")) == """
                a.json: stories, 1 workers, 1 stages, CPU
                b|c.json: other\u{FFFD}[2J, 2 workers, 1 stages, CPU

                |  C |  test |       a.json |    b\\|c.json | ratio |
                | -: | ----: | -----------: | -----------: | ----: |
                |  1 | tg128 | 12.00 ± 2.83 | 24.00 ± 0.00 | 2.000 |

                """)
    }

    // MARK: The book

    @Test func `the book gets the median of every number of sequences that generated`() throws {
        let shape = ProfiledShape(
            hiddenSize: 1, querySize: 2, keyValueSize: 3, feedForwardSize: 4, vocabularySize: 5)
        let layers = try #require(LayerRange(first: 0, end: 9))
        let stage = RunningPipeline.Stage(
            worker: "w0", layers: layers, readByteCount: 1, threadCount: 2, isa: "avx2",
            readBytesPerSecond: nil)
        var record = try Self.record()
        record.rows.append(.init(test: "tg128", concurrency: 9, tokensPerSecond: [1]))
        record.rows[1].tokensPerSecond = [14, 10, 11]
        let runs = record.runs(cluster: "tests", shape: shape, [stage], measuredAt: 7)
        #expect(
            runs == [
                MeasurementBook.Run(
                    cluster: "tests", shape: shape, concurrency: 1,
                    stages: [.init(worker: "w0", layers: layers, stepSeconds: 0.0125, busyShare: 0.75)],
                    tokensPerSecond: 11, measuredAt: 7)
            ])
        record.rows[1].tokensPerSecond = []
        #expect(record.runs(cluster: "tests", shape: shape, [stage], measuredAt: 7).isEmpty)
    }
}
