// SPDX-License-Identifier: MIT

/// One wish for text.
package struct GenerationRequest: Sendable {
    package var prompt: Prompt
    package var tokenCountMax: Int
    package var sampling: SamplingParameters
    /// Generation ends before the first of these appears in the text.
    package var stopTexts: [String]
    /// Special tokens, by their text, that end generation like the model's own stop tokens.
    package var stopMarkers: [String]
    /// Stop tokens end nothing; used by benchmarks.
    package var ignoresStopTokens: Bool

    package init(
        prompt: Prompt, tokenCountMax: Int, sampling: SamplingParameters = .init(), stopTexts: [String] = [],
        stopMarkers: [String] = [], ignoresStopTokens: Bool = false
    ) {
        self.prompt = prompt
        self.tokenCountMax = tokenCountMax
        self.sampling = sampling
        self.stopTexts = stopTexts
        self.stopMarkers = stopMarkers
        self.ignoresStopTokens = ignoresStopTokens
    }
}

/// Why a generation ended.
package enum FinishReason: String, Sendable {
    /// A stop token or a stop text.
    case stop
    /// `tokenCountMax` reached.
    case length
    /// The model's context is full.
    case context
}

/// What a generation yields, in order: `.started`, any number of `.token`, at most one `.trailing`, `.finished`.
package enum GenerationEvent: Sendable {
    case started(promptTokenCount: Int)
    /// `text` holds the whole characters that this token completed; it may be empty.
    ///
    /// `logProbability` is there if the request's sampling parameters want it.
    case token(id: UInt32, text: String, logProbability: Float?)
    /// Text that was held back, as it might have become a stop text or a longer character.
    case trailing(text: String)
    case finished(FinishReason, GenerationStatistics)
}

/// Figures of one generation.
package struct GenerationStatistics: Sendable, Equatable {
    package var promptTokenCount = 0
    /// Tokens of the prompt that another sequence had computed before.
    package var sharedTokenCount = 0
    package var generatedTokenCount = 0
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

/// Something that writes text: the whole of what a gateway sees of the cluster.
package protocol TextGenerator: Sendable {
    func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>
}
