// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ClusterCoordinator
import ClusterPlanning
import OperatorReports
import Testing

@Suite struct ScalingTests {
    private func link(_ gigabits: Double, _ delayMs: Double) throws -> ScalingCases.Link {
        ScalingCases.Link(
            gigabits: gigabits, delayMs: delayMs,
            profile: try LinkProfile(
                latencySeconds: delayMs / 1e3, bytesPerSecond: gigabits * 1e9 / 8 * 0.94))
    }

    /// Two layers on one, two and four workers.
    private func scaling(
        _ concurrencies: [Int], _ links: [ScalingCases.Link], cluster: String? = nil,
        book: MeasurementBook = MeasurementBook(), speeds: [String: Double] = [:]
    ) throws -> Scaling {
        try Scaling(
            model: ModelShape.tiny.description, tables: TableEncodings(), cluster: cluster, book: book,
            assumptions: PlanSamples.assumptions(speeds),
            cases: ScalingCases(workerCounts: [1, 2, 4], links: links, concurrencies: concurrencies))
    }

    @Test func `people read a table for each number of sequences`() throws {
        #expect(
            try scaling([2, 3], [link(1, 0.1), link(2.5, 10)]).text.split(separator: "\n").prefix(6)
                .joined(separator: "\n") == """
                    synthetic tiny, random weights: 2 layers, hidden 128; equal workers, each ASSUMED to read 20.0 GB/s
                    one layer takes 0.00 ms for a token, 0.00 ms for eight; the head 0.00 ms; short contexts, every worker has a stage
                    2 at a time: tokens/s by number of workers
                    link        delay   1       2       4  worth it up to
                    1 Gbit/s    0.1 ms  4879.6  2812.3  –  1: each step's own pass, 0.71 ms
                    2.5 Gbit/s  10 ms   99.0    65.8    –  1: delay, 30.0 ms a round
                    """)
        let text = try scaling([2, 3], [link(1, 0.1)]).text
        #expect(text.contains("\n\n3 at a time: tokens/s by number of workers\nlink      delay   1 "))
        #expect(text.hasSuffix("ms\n"))
    }

    @Test func `programs read a case for each number of workers that there are layers for`() throws {
        let json = try scaling([2], [link(1, 0.1)]).json.encoded
        #expect(
            json.hasPrefix(
                #"{"model":"synthetic tiny, random weights","layers":2,"hidden":128,"#
                    + #""worker":"ASSUMED to read 20.0 GB/s","cases":[{"workers":1,"gigabits_per_second":1.0,"#
                    + #""delay_ms":0.1,"concurrency":2,"tokens_per_second":4879.6"#), "\(json)")
        #expect(json.contains(#"},{"workers":2,"gigabits_per_second":1.0,"#))
        #expect(!json.contains(#""workers":4"#))
        #expect(json.hasSuffix(#","worth_it_up_to":1}]}"#))
    }

    @Test func `no cases make no table`() throws {
        let scaling = try scaling([], [])
        #expect(scaling.text.split(separator: "\n", omittingEmptySubsequences: false).count == 3)
        #expect(scaling.json.encoded.hasSuffix(#""cases":[]}"#))
    }

    @Test func `a worker that was measured stands for all, unless a speed is assumed`() throws {
        let shape = ProfiledShape(ModelShape.tiny.description, TableEncodings())
        let book = try PlanSamples.book(shape)
        let measured = try scaling([1], [link(1, 1)], cluster: "tests", book: book)
        #expect(measured.origin == "as worker a of tests (avx2) was measured")
        #expect(measured.profile == book.workers[0].profile)
        let assumed = try scaling(
            [1], [link(1, 1)], cluster: "tests", book: book, speeds: ["a": 5e9, "b": 7e9])
        #expect(assumed.origin == "ASSUMED to read 7.0 GB/s")
        for cluster in [nil, "others"] {
            let other = try scaling([1], [link(1, 1)], cluster: cluster, book: book)
            #expect(other.origin == "ASSUMED to read 20.0 GB/s")
        }
        let scaled = try scaling(
            [1], [link(1, 1)], cluster: "tests",
            book: PlanSamples.book(PlanSamples.shape))
        #expect(
            scaled.origin == "as worker a of tests (avx2) was measured with another model, scaled by weights")
    }
}
