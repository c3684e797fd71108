// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import Testing

@Suite struct PerplexityTests {
    @Test func `perplexity is the mean of the reference's log-probabilities`() throws {
        let golden = try GoldenModel.stories.golden()
        let local = try Setup(context: 512).load(.stories)
        let ids = Array(golden.long.ids.prefix(201))
        let found = try #require(try perplexity(tokens: ids, stages: local.stages))
        let expected = -golden.long.nextLog.prefix(200).reduce(0) { $0 + Double($1) } / 200
        #expect(found.tokenCount == 200)
        #expect(abs(found.negativeLogLikelihood - expected) < 0.01)
        #expect(found.value > 1)
    }

    @Test(arguments: [2, 16, 17, 18, 33, 34, 35])
    func `windows of 16 predict every token but the first`(_ length: Int) throws {
        let local = try Setup(context: 16, tokensPerStepMax: 5).load(.awkward90)
        let ids = (0..<UInt32(length)).map { $0 * 7 % 200 }
        let found = try #require(try perplexity(tokens: ids, stages: local.stages))
        #expect(found.tokenCount == length - 1)
    }

    @Test func `a window starts without the tokens before it`() throws {
        let local = try Setup(context: 16).load(.awkward90)
        let ids = (0..<UInt32(33)).map { $0 * 7 % 200 }
        let whole = try #require(try perplexity(tokens: ids, stages: local.stages))
        let halves = try [ids[...16], ids[16...]].map {
            try #require(try perplexity(tokens: Array($0), stages: local.stages)).negativeLogLikelihood
        }
        #expect(abs(whole.negativeLogLikelihood - (halves[0] + halves[1]) / 2) < 1e-12)
    }

    @Test(arguments: [0, 1])
    func `nothing can be said about less than two tokens`(_ length: Int) throws {
        let local = try Setup(context: 16).load(.awkward90)
        #expect(try perplexity(tokens: Array(repeating: 1, count: length), stages: local.stages) == nil)
    }

    @Test(arguments: CacheType.allCases)
    func `a cache's rounding hardly changes perplexity`(_ type: CacheType) throws {
        let ids = Array(try GoldenModel.stories.golden().long.ids.prefix(200))
        let exact = try #require(try perplexity(tokens: ids, stages: Setup().load(.stories).stages))
        let found = try #require(
            try perplexity(tokens: ids, stages: Setup(cacheType: type).load(.stories).stages))
        #expect((found == exact) == (type == .f32))
        #expect(abs(found.value / exact.value - 1) < 0.01)
    }

    @Test func `a hop's rounding hardly changes perplexity`() throws {
        let ids = Array(try GoldenModel.stories.golden().long.ids.prefix(200))
        let whole = try #require(try perplexity(tokens: ids, stages: Setup().load(.stories).stages))
        let cut = try #require(
            try perplexity(tokens: ids, stages: Setup(cuts: [1, 3]).load(.stories).stages))
        #expect(cut != whole)
        #expect(abs(cut.value / whole.value - 1) < 0.01)
    }
}
