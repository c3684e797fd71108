// SPDX-License-Identifier: MIT

/// One wish for text.
package struct GenerationRequest: Sendable {
    /// Names the request in logs, at most `Limits.nameBytesMax` bytes; empty for none.
    package var id: String
    package var prompt: Prompt
    package var tokenCountMax: Int
    package var sampling: SamplingParameters
    /// Generation ends before the first of these appears in the text.
    package var stopTexts: [String]
    /// Special tokens, by their text, that end generation like the model's own stop tokens.
    package var stopMarkers: [String]
    /// Stop tokens end nothing; used by benchmarks.
    package var ignoresStopTokens: Bool
    /// The log-probabilities of the prompt's own tokens are wanted; with `tokenCountMax` 0 nothing else is.
    package var scoresPrompt: Bool
    /// With whose requests it shares what there is.
    package var owner = RequestOwner.program
    /// The service itself asks, to see that it works: not counted.
    package var isProbe = false
    /// Whether tokens may be drafted for it, which changes none of them but how soon they come.
    package var mayBeDrafted = true

    package init(
        id: String = "", prompt: Prompt, tokenCountMax: Int, sampling: SamplingParameters = .init(),
        stopTexts: [String] = [], stopMarkers: [String] = [], ignoresStopTokens: Bool = false,
        scoresPrompt: Bool = false
    ) {
        self.id = id
        self.prompt = prompt
        self.tokenCountMax = tokenCountMax
        self.sampling = sampling
        self.stopTexts = stopTexts
        self.stopMarkers = stopMarkers
        self.ignoresStopTokens = ignoresStopTokens
        self.scoresPrompt = scoresPrompt
    }

    /// Why this cannot be asked for, whatever the model, or `nil`.
    package var invalidity: String? {
        if id.utf8.count > Limits.nameBytesMax {
            return "the request's id has \(id.utf8.count) bytes; at most \(Limits.nameBytesMax) are taken"
        }
        if !id.unicodeScalars.allSatisfy(PrintableText.isPrintable) {
            return "the request's id holds characters that cannot be printed"
        }
        return sampling.invalidity
    }
}

/// Why a generation ended.
package enum FinishReason: String, CaseIterable, Sendable {
    /// A stop token or a stop text.
    case stop
    /// `tokenCountMax` reached.
    case length
    /// The model's context is full.
    case context
}

/// What a generation yields, in order: `.started`, `.promptScored` if it was asked for, any number of `.token`, at
/// most one `.trailing`, `.finished`; and anywhere among them `.paused`.
package enum GenerationEvent: Sendable {
    /// The request is taken; its prompt as tokens.
    case started(prompt: [UInt32])
    /// The prompt's tokens after the first, each given those before it.
    case promptScored([ScoredToken])
    case token(GeneratedToken)
    /// Text that was held back, as it might have become a stop text or a longer character.
    case trailing(text: String)
    /// Nothing comes for a while, but it goes on: others are before it, or lost stages are being replaced.
    case paused
    case finished(FinishReason, GenerationStatistics)
}

/// One token that a sequence has gone on by.
package struct GeneratedToken: Sendable {
    package var id: UInt32
    /// The whole characters that this token completed; it may be empty.
    package var text: String
    /// There if the request's sampling parameters want it.
    package var logProbability: Float?
    /// The most probable tokens of its place, the best first.
    package var alternatives: [TokenScore]
    /// When the cluster gave it.
    package var time: ContinuousClock.Instant

    package init(
        id: UInt32, text: String, logProbability: Float?, alternatives: [TokenScore] = [],
        time: ContinuousClock.Instant
    ) {
        self.id = id
        self.text = text
        self.logProbability = logProbability
        self.alternatives = alternatives
        self.time = time
    }
}

/// A token of a prompt and how probable the model holds it.
package struct ScoredToken: Equatable, Sendable {
    package var id: UInt32
    package var logProbability: Float
    /// The most probable tokens of its place, the best first.
    package var alternatives: [TokenScore]

    package init(id: UInt32, logProbability: Float, alternatives: [TokenScore] = []) {
        self.id = id
        self.logProbability = logProbability
        self.alternatives = alternatives
    }
}

/// Figures of one generation.
package struct GenerationStatistics: Sendable, Equatable {
    package var promptTokenCount = 0
    /// Tokens of the prompt that another sequence had computed before.
    package var sharedTokenCount = 0
    package var generatedTokenCount = 0
    /// Of the generated tokens, those that were drafted before they were computed.
    package var acceptedDraftCount = 0
    /// Tokens that were drafted and not generated.
    package var rejectedDraftCount = 0
    package var timeToFirstToken: Duration = .zero
    package var decodeTime: Duration = .zero
    package var stages: [StageStatistics] = []

    package init() {}
}

/// What one stage did during one generation.
package struct StageStatistics: Sendable, Equatable {
    package var name: String
    package var layers: LayerRange
    /// From the first step of the generation to its last.
    package var counters = StageCounters()
    /// Wall time of the same; the compute time over it is the busy fraction.
    package var wallTime: Duration = .zero
    /// Of this, until the first token.
    package var prefill = StageCounters()
    package var prefillWallTime: Duration = .zero

    package init(name: String, layers: LayerRange) {
        self.name = name
        self.layers = layers
    }
}
