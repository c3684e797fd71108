// SPDX-License-Identifier: MIT
import BitNetCore
import TestSupport
import TextGeneration

/// A request that comes at some time: several sequences, if `n` is more than 1.
struct Wish: Equatable, Sendable {
    let time: Duration
    /// Which coordinator is asked.
    let coordinator: Int
    let requests: [SequenceRequest]
    /// Of each, after how many tokens a text ends it.
    let stopCounts: [Int?]
    let cancelTime: Duration?

    /// - Parameter common: what many prompts begin with.
    init(_ random: inout SeededGenerator, _ setting: Setting, common: [UInt32], asksOther: Bool) {
        time = .milliseconds(random.roll(300...15_000))
        coordinator = asksOther && random.once(in: 2) ? 1 : 0
        let context = setting.contextLength
        var prompt = (0..<random.roll(1...context)).map { _ in Self.token(&random) }
        if random.once(in: 2) { prompt = Array((common + prompt.prefix(8)).prefix(context)) }
        let owner = RequestOwner.client(
            key: random.once(in: 2) ? random.roll(0...1) : nil,
            connection: UInt64(clamping: random.roll(0...3)))
        var request = SequenceRequest(
            id: 0, prompt: prompt,
            tokenCountMax: random.once(in: 8)
                ? 0 : random.once(in: 3) ? random.roll(40...100) : random.roll(1...40),
            owner: owner)
        if random.once(in: 3) { request.stopTokens = [Self.token(&random), Self.token(&random)] }
        request.scores = random.once(in: 5)
        request.sampling.alternativeCount =
            random.once(in: 4) ? UInt32(clamping: random.roll(1...5)) : 0
        request.sampling.wantsLogProbabilities = random.once(in: 2)
        request.sampling.presencePenalty = random.once(in: 3) ? 1 : 0
        let count = random.once(in: 5) ? random.roll(2...3) : 1
        var requests: [SequenceRequest] = []
        for _ in 0..<count {
            request.sampling.seed = random.next()
            requests.append(request)
        }
        self.requests = requests
        stopCounts = requests.map { _ in random.once(in: 6) ? random.roll(1...12) : nil }
        cancelTime = random.once(in: 8) ? .milliseconds(random.roll(0...5000)) : nil
    }

    private static func token(_ random: inout SeededGenerator) -> UInt32 {
        UInt32(clamping: random.roll(0...Int(clamping: ToyModel.vocabulary) - 1))
    }

    static func commonPrompt(_ random: inout SeededGenerator, _ setting: Setting) -> [UInt32] {
        (0..<random.roll(8...setting.contextLength)).map { _ in token(&random) }
    }
}
