// SPDX-License-Identifier: MIT
import BitNetEngine
import OperatorLogic
import OperatorReports
import Testing

@Suite struct VerifyReportTests {
    private func trace(_ entries: (String, Float)...) -> TokenTrace {
        var trace = TokenTrace()
        for (name, value) in entries { trace.append(name, value) }
        return trace
    }

    /// One prompt in two ways and a text of two tokens, the same on both sides.
    private func comparison(prompt: String = "Once upon\na time") throws -> VerifyComparison {
        let cases = VerifyCase.cases([(text: prompt, tokens: [1, 2])], tokenCountMax: 4, seed: 7)
        let traces = [trace(("a", -0.5), ("b", -1)), trace(("c", -2))]
        let readings = VerifyReadings(traces: traces, scores: [[-1, -3]])
        return VerifyComparison(
            subject: try #require(VerifySubjectTests.subject([[0, 0], [1, 1]])), cases: cases,
            textName: "held-out.txt", tokenNames: [["x", "y"]], windowLength: 63, cluster: readings,
            local: readings, uncut: Perplexity(negativeLogLikelihood: 2, tokenCount: 2))
    }

    @Test func `every prompt is written once greedily and once drawn, with a seed of its own`() {
        let cases = VerifyCase.cases(
            [(text: "p", tokens: [1]), (text: "q", tokens: [2])], tokenCountMax: 3, seed: .max)
        #expect(cases.map(\.prompt) == ["p", "p", "q", "q"])
        #expect(cases.map(\.draw.temperature) == [0, 0.8, 0, 0.8])
        #expect(cases[1].draw.seed == .max && cases[3].draw.seed == 0)
        #expect(cases.allSatisfy { $0.tokenCountMax == 3 })
    }

    @Test func `two sides that are the same are said to be identical`() throws {
        let report = try comparison().report
        #expect(report.isIdentical)
        #expect(
            report.text == """
                tiny: 2 stages, cut before 1, context 64, KV cache f16
                prompt                                   mode  tokens  cluster and one process
                Once upon a time                       greedy       2                identical
                Once upon a time                      sampled       1                identical
                held-out.txt                           scores       2                identical
                identical: 5 tokens and their log-probabilities, to the last bit
                perplexity over 2 tokens in windows of 63: cluster 7.38906, one process without cuts 7.38906; int8 hops cost +0.0000 %

                """)
    }

    @Test func `the first token that differs is shown from both sides`() throws {
        var comparison = try comparison()
        comparison.local.traces[0] = trace(("a", -0.5), ("b\u{1B}", -1.5))
        comparison.local.traces[1] = trace()
        comparison.local.scores = [[-1]]
        let report = comparison.report
        #expect(!report.isIdentical)
        #expect(report.rows.map(\.tokens) == [1, 0, 1])
        let lines = report.text.split(separator: "\n")
        #expect(lines[2].hasSuffix("       1  differ at token 1: “b” -1.0 and “b\u{FFFD}” -1.5"))
        #expect(lines[3].hasSuffix("       0    differ at token 0: “c” -2.0 and the end"))
        #expect(lines[4].hasSuffix("       1    differ at token 1: “y” -3.0 and the end"))
        #expect(lines[5] == "DIFFERENT: 3 of 3 texts")
    }

    @Test func `without scores nothing is said of what hops cost`() throws {
        var comparison = try comparison()
        comparison.uncut = nil
        #expect(comparison.report.perplexity == nil)
        #expect(comparison.report.text.hasSuffix("to the last bit\n"))
        comparison = try self.comparison()
        comparison.cluster.scores = []
        comparison.local.scores = []
        #expect(comparison.report.perplexity == nil)
    }

    @Test func `a prompt takes one line of 36 columns, whatever it holds`() throws {
        let prompt = "界\u{1B}[2J\n" + String(repeating: "長", count: 40)
        let lines = try comparison(prompt: prompt).report.text.split(separator: "\n")
        #expect(
            lines[2] == "界\u{FFFD}[2J " + String(repeating: "長", count: 14)
                + "…   greedy       2                identical")
        #expect(lines.count == 7)
    }

    @Test func `one stage has no cut`() throws {
        var comparison = try comparison()
        comparison.subject = try #require(VerifySubjectTests.subject([[0, 1]]))
        #expect(comparison.report.text.hasPrefix("tiny: 1 stage, no cut, context 64, KV cache f16\n"))
    }
}
