// SPDX-License-Identifier: MIT

/// How the last stage chooses a token.
package struct SamplingParameters: Equatable, Sendable {
    /// 0 means greedy.
    package var temperature: Float = 0
    /// 0 means off.
    package var topK: UInt32 = 0
    /// 1 means off.
    package var topP: Float = 1
    /// 0 means off.
    package var minP: Float = 0
    /// 1 means off.
    package var repetitionPenalty: Float = 1
    /// The last tokens that the penalty looks at.
    package var repetitionWindow: UInt32 = 64
    /// Taken from the logit of every token that the sequence has generated; -2...2, 0 means off.
    package var presencePenalty: Float = 0
    /// Taken from a token's logit once for each time that the sequence has generated it; -2...2, 0 means off.
    package var frequencyPenalty: Float = 0
    /// Added to the logits of single tokens, each at most once.
    package var biases: [TokenBias] = []
    /// With the position this seeds every draw, so that a replayed sequence draws the same tokens.
    package var seed: UInt64 = 0
    /// Whether every token's log-probability is to be returned; it takes the logits of the whole vocabulary.
    package var wantsLogProbabilities = true
    /// How many of the most probable tokens are to be returned with every token that is sampled or scored.
    package var alternativeCount: UInt32 = 0

    package init() {}

    /// How many of the largest logits decide the next token; `nil` if all logits do, or log-probabilities are
    /// wanted.
    package var candidateCount: UInt32? {
        guard !wantsLogProbabilities, alternativeCount == 0, repetitionPenalty == 1, presencePenalty == 0,
            frequencyPenalty == 0,
            biases.isEmpty
        else { return nil }
        if temperature == 0 { return 1 }
        return topK > 0 ? topK : nil
    }

    /// Why these parameters cannot be used, or `nil`.
    package var invalidity: String? {
        if !(temperature.isFinite && (0...100).contains(temperature)) { return "temperature must be 0...100" }
        if !(topP.isFinite && topP > 0 && topP <= 1) { return "top-p must be above 0 and at most 1" }
        if !(minP.isFinite && (0...1).contains(minP)) { return "min-p must be 0...1" }
        if !(repetitionPenalty.isFinite && repetitionPenalty > 0 && repetitionPenalty <= 100) {
            return "repetition penalty must be above 0 and at most 100"
        }
        if !(presencePenalty.isFinite && (-2...2).contains(presencePenalty)) {
            return "presence penalty must be -2...2"
        }
        if !(frequencyPenalty.isFinite && (-2...2).contains(frequencyPenalty)) {
            return "frequency penalty must be -2...2"
        }
        if biases.count > Limits.biasesMax { return "at most \(Limits.biasesMax) tokens can have a bias" }
        if !biases.allSatisfy({ $0.bias.isFinite && (-100...100).contains($0.bias) }) {
            return "a token's bias must be -100...100"
        }
        if Set(biases.map(\.token)).count < biases.count { return "a token can have one bias only" }
        if alternativeCount > Limits.alternativesMax {
            return "at most \(Limits.alternativesMax) alternatives can be returned"
        }
        return nil
    }
}

/// What is added to the logit of one token before anything else.
package struct TokenBias: Equatable, Sendable {
    package var token: UInt32
    /// -100...100.
    package var bias: Float

    package init(token: UInt32, bias: Float) {
        self.token = token
        self.bias = bias
    }
}

/// A token and the natural logarithm of the model's probability of it, before temperature and truncation.
package struct TokenScore: Equatable, Sendable {
    package var token: UInt32
    package var logProbability: Float

    package init(token: UInt32, logProbability: Float) {
        self.token = token
        self.logProbability = logProbability
    }
}
