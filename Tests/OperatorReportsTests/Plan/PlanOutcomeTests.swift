// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterCoordinator
import ClusterPlanning
import OperatorReports
import Testing

@Suite struct PlanOutcomeTests {
    private let three = [("a", ""), ("b", ", memory: 2GiB"), ("c", ", memory: 1GiB")].map {
        (name: $0.0, rest: $0.1)
    }

    /// Four sequences on stages a 0-4 and b 5-8 were measured.
    private func measuredRun() throws -> MeasurementBook {
        let (first, second) = (LayerRange(first: 0, end: 5), LayerRange(first: 5, end: 9))
        var book = MeasurementBook()
        try book.record(
            run: MeasurementBook.Run(
                cluster: "tests", shape: PlanSamples.shape, concurrency: 4,
                stages: [
                    .init(worker: "a", layers: #require(first), stepSeconds: 3e-4, busyShare: 0.5),
                    .init(worker: "b", layers: #require(second), stepSeconds: 2e-4, busyShare: 0.5),
                ], tokensPerSecond: 99.5, measuredAt: 7))
        return book
    }

    @Test func `people read stages, rates beside what was measured, and where figures are from`() throws {
        let subject = try PlanSamples.subject(three, book: measuredRun())
        #expect(
            try PlanOutcome(subject, concurrency: 16).text == """
                tests: stories, 9 layers, hidden 256; planned for 16 at a time, layers divided by time, in the best order

                stage  worker  layers  sent     memory   of       ms a step  busy   passes on a step
                0      a       0-4     6.0 MiB  6.0 MiB  ?        0.381      100 %  1.8 KiB in 0.016 ms
                1      b       5-8     5.0 MiB  5.0 MiB  2.0 GiB  0.371      97 %   196 B in 0.002 ms
                not used: c

                expected
                at a time  tokens/s  each  ms a token  slowest stage  measured tokens/s  slowest stage
                1          1183      1183  0.845       0.277 ms       –                  –
                2          2367      1183  0.845       0.277 ms       –                  –
                4          4559      1140  0.877       0.290 ms       99.5 (2 %)         0.300 ms
                8          8634      1079  0.927       0.309 ms       –                  –
                16         14008     875   1.142       0.381 ms       –                  –
                32         20615     644   1.552       0.517 ms       –                  –

                bottleneck: stage 0 (a): 5 layers take 0.38 ms a step
                note: c is left out: one stage more makes it 12515 tokens/s instead of 14008 tokens/s with 16 at a time
                note: one stream alone would be faster on a: 1846 tokens/s instead of 1183 tokens/s
                note: sequences go in 3 groups instead of one for each stage, which keeps the slowest stage busier

                if one is lost
                  a  goes on: c takes 0-4
                  b  goes on: c takes 5-8

                figures
                  a  ASSUMED to read 20.0 GB/s
                  b  ASSUMED to read 20.0 GB/s
                  c  ASSUMED to read 20.0 GB/s
                  3 of 3 links are ASSUMED to carry 940 Mbit/s with a delay of 0.1 ms

                """)
    }

    @Test func `programs read the same in base units`() throws {
        let json = try PlanOutcome(PlanSamples.subject(three, book: measuredRun()), concurrency: 16).json
            .encoded
        #expect(
            json.hasPrefix(
                #"{"cluster":"tests","model":"stories","layers":9,"hidden":256,"segment_layers":1,"concurrency":16,"#
                    + #""basis":"time","groups":3,"stages":[{"worker":"a","first_layer":0,"end_layer":5,"sent_bytes":6291456,"#
                    + #""memory_bytes":6291456,"step_ms":0.380736,"head_ms":0.0,"busy_share":1.0,"figures":"assumed"},"#
            ), "\(json)")
        #expect(
            json.contains(
                #""links":[{"from":"coordinator","to":"worker a","step_bytes":160,"transfer_ms":"#
                    + #"0.0013617021276595743,"delay_ms":0.1,"figures":"assumed"},"#))
        #expect(
            json.contains(
                #"{"concurrency":4,"tokens_per_second":4559.427382485124,"token_ms":0.8773031489361703,"#
                    + #""bottleneck":"a step takes 0.88 ms all the way round, 0.31 ms of it on links","#
                    + #""step_ms":[0.279872,0.29011200000000004],"measured_tokens_per_second":99.5,"#
                    + #""measured_step_ms":[0.3,0.2]},"#))
        #expect(json.contains(#""measured_tokens_per_second":null,"measured_step_ms":null}"#))
        #expect(json.contains(#""unused":["c"],"#))
        #expect(
            json.contains(
                #""bottleneck":"stage 0 (a): 5 layers take 0.38 ms a step","losses":[{"worker":"a","goes_on":true,"#
                    + #""moved":[{"worker":"c","first_layer":0,"end_layer":5}],"short_bytes":null},"#))
        #expect(json.contains(#""short_bytes":null}],"advice":["c is left out: "#))
    }

    @Test func `a loss that leaves no room is told with the bytes that are short`() throws {
        let outcome = try PlanOutcome(
            PlanSamples.subject([("a", ", memory: 6MiB"), ("b", ", memory: 7MiB")]), concurrency: 1)
        #expect(outcome.losses.map(\.worker).sorted() == ["a", "b"])
        #expect(outcome.losses.allSatisfy { $0.moved.isEmpty && $0.shortByteCount ?? 0 > 0 })
        #expect(outcome.text.contains("waits for it: the others are "))
        #expect(outcome.json.encoded.contains(#""goes_on":false,"moved":[],"short_bytes":"#))
    }

    @Test func `one worker has one stage and one row`() throws {
        let outcome = try PlanOutcome(
            PlanSamples.subject([("a", ""), ("s", ", spare: true")], speeds: ["a": 10e9]), concurrency: 1)
        let lines = outcome.text.split(separator: "\n")
        #expect(lines[2].hasPrefix("0      a       0-8     10.0 MiB  10.0 MiB  ?   "))
        #expect(lines[3] == "expected")
        #expect(
            outcome.text.contains("\n  a  ASSUMED to read 10.0 GB/s\n  s  ASSUMED to read 20.0 GB/s, spare\n")
        )
        #expect(outcome.text.contains("2 of 2 links are ASSUMED"))
        #expect(outcome.text.contains("\nif one is lost\n  a  goes on: s takes 0-8\n"))
        #expect(outcome.json.encoded.contains(#""unused":[],"#))
    }

    @Test func `what is planned for is among what is expected`() throws {
        let outcome = try PlanOutcome(PlanSamples.subject([("a", "")]), concurrency: 3)
        #expect(outcome.expectations.map(\.prediction.concurrency) == [1, 2, 3, 4, 8, 16, 32])
        #expect(outcome.prediction == outcome.expectations[2].prediction)
        #expect(outcome.expectations.allSatisfy { $0.run == nil })
    }

    @Test func `layers that the file gives are said to be the file's`() throws {
        let subject = try PlanSamples.subject([("a", ", layers: 0-1"), ("b", ", layers: 2-8")])
        let outcome = try PlanOutcome(subject, concurrency: 1)
        #expect(outcome.text.contains("planned for 1 at a time, layers as the file gives them\n"))
        #expect(outcome.json.encoded.contains(#""basis":"assignment""#))
        #expect(
            outcome.text.contains(
                "\nnote: 1 at a time leave stages idle: 2 sequences are what it takes to fill 2 stages\n"))
    }

    @Test func `a model that no worker holds has no plan`() throws {
        let subject = try PlanSamples.subject([("a", ", memory: 1MiB")])
        #expect(throws: PlanError.self) { try PlanOutcome(subject, concurrency: 1) }
    }
}
