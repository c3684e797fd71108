// SPDX-License-Identifier: MIT
import BitNetEngine
import BitNetFormats
import OperatorReports
import Testing

@Suite struct PerplexityTests {
    @Test func `windows share a token, so that each but the first is scored once`() {
        #expect(PerplexityWindows([1, 2, 3, 4, 5], length: 2).prompts == [[1, 2, 3], [3, 4, 5]])
        #expect(PerplexityWindows([1, 2, 3, 4], length: 2).prompts == [[1, 2, 3], [3, 4]])
        #expect(PerplexityWindows([1, 2], length: 9).prompts == [[1, 2]])
        #expect(PerplexityWindows([1], length: 2).prompts.isEmpty)
        #expect(PerplexityWindows([], length: 2).prompts.isEmpty)
        #expect(PerplexityWindows([1, 2, 3, 4], length: 2).tokenCount == 5)
    }

    @Test func `a window leaves a place for the token that is scored`() {
        #expect(PerplexityWindows.length(contextLength: 1024) == 1023)
        #expect(PerplexityWindows.length(contextLength: 1) == 1)
        #expect(PerplexityWindows.length(contextLength: nil) == 511)
    }

    @Test func `scores give the mean, and none give nothing`() {
        let perplexity = Perplexity(scores: [[-1, -2], [], [-3]])
        #expect(perplexity == Perplexity(negativeLogLikelihood: 2, tokenCount: 3))
        #expect(Perplexity(scores: [[], []]) == nil)
        #expect(Perplexity(scores: []) == nil)
    }

    private func row(_ cuts: [Int], _ nll: Double) -> CutPerplexity {
        CutPerplexity(
            cuts: cuts, result: Perplexity(negativeLogLikelihood: nll, tokenCount: 3),
            uncut: Perplexity(negativeLogLikelihood: 0, tokenCount: 3))
    }

    @Test func `a row says what the cuts cost`() {
        #expect(row([], 0).text == "no cut: perplexity 1.00000 over 3 tokens\n")
        #expect(row([3, 6], 0).text == "cut before 3,6: perplexity 1.00000 over 3 tokens, +0.0000 %\n")
        #expect(row([1], -1).text == "cut before 1: perplexity 0.36788 over 3 tokens, -63.2121 %\n")
        #expect(
            row([3, 6], 0).json.encoded
                == #"{"cuts":[3,6],"perplexity":1.0,"tokens":3,"nll":0.0,"change_percent":0.0}"#)
        #expect(row([], 0).json.encoded.hasPrefix(#"{"cuts":[],"#))
    }

    @Test func `a perplexity without bounds is no number in JSON`() {
        let json = row([1], .infinity).json.encoded
        #expect(json == #"{"cuts":[1],"perplexity":null,"tokens":3,"nll":null,"change_percent":null}"#)
        #expect(row([1], .infinity).text == "cut before 1: perplexity – over 3 tokens, +– %\n")
    }
}
