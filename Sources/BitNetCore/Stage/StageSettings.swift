// SPDX-License-Identifier: MIT

/// What is decided of a stage besides its model and its layers: the same for all stages of a pipeline.
package struct StageSettings: Equatable, Sendable {
    package var cache: CacheShape
    /// Entries of the largest step.
    package var stepTokensMax: Int
    /// Tokens of a prompt that travel in one step beside those of sequences that write.
    package let prefillChunk: Int
    package var headType: HeadType
    /// Layers of a segment, at whose end the residual stream is rounded as a hop is; with 0 only hops round.
    ///
    /// It is so whether or not the next segment is on another machine: text does not depend on where the layers are.
    package var segmentLayers: Int
    /// What stages know of sequences outlives them: they keep the tokens, and the hops that they have handed on.
    package var keepsStates: Bool

    package init(
        cache: CacheShape, stepTokensMax: Int, headType: HeadType, segmentLayers: Int = 0,
        keepsStates: Bool = false
    ) {
        self.cache = cache
        self.stepTokensMax = stepTokensMax
        prefillChunk = max(stepTokensMax - cache.slots, 1)
        self.headType = headType
        self.segmentLayers = segmentLayers
        self.keepsStates = keepsStates
    }

    /// For steps of a token of each sequence and a chunk of a prompt, or as large as they may be.
    ///
    /// - Parameters:
    ///   - prefillChunk: lowered to what `StepLayout` allows.
    ///   - hiddenSize: of the model.
    package init(
        cache: CacheShape, prefillChunk: Int, hiddenSize: Int, headType: HeadType, segmentLayers: Int = 0,
        keepsStates: Bool = false
    ) {
        let prefillChunk = min(prefillChunk, StepLayout.prefillChunkMax(hidden: hiddenSize))
        self.cache = cache
        stepTokensMax = min(prefillChunk + cache.slots, StepLayout.entryCountMax(hidden: hiddenSize))
        self.prefillChunk = prefillChunk
        self.headType = headType
        self.segmentLayers = segmentLayers
        self.keepsStates = keepsStates
    }

    /// Layers that are placed as one: those of a segment; without segments each by itself.
    package var placedLayers: Int { max(segmentLayers, 1) }

    /// Whether a segment ends before the layer `index`.
    package func isCut(before index: Int) -> Bool {
        segmentLayers > 0 && index.isMultiple(of: segmentLayers)
    }
}
