// SPDX-License-Identifier: MIT

/// What is decided of a stage besides its model and its layers: the same for all stages of a pipeline.
package struct StageSettings: Equatable, Sendable {
    package var cache: CacheShape
    /// Entries of the largest step.
    package var stepTokensMax: Int
    package var headType: HeadType
    /// Layers of a segment, at whose end the residual stream is rounded as a hop is; with 0 only hops round.
    ///
    /// It is so whether or not the next segment is on another machine: text does not depend on where the layers are.
    package var segmentLayers: Int

    package init(cache: CacheShape, stepTokensMax: Int, headType: HeadType, segmentLayers: Int = 0) {
        self.cache = cache
        self.stepTokensMax = stepTokensMax
        self.headType = headType
        self.segmentLayers = segmentLayers
    }

    /// - Parameter prefillChunk: tokens of a prompt that travel in one step, beside a token of each sequence.
    package init(cache: CacheShape, prefillChunk: Int, headType: HeadType, segmentLayers: Int = 0) {
        self.init(
            cache: cache, stepTokensMax: prefillChunk + cache.slots, headType: headType,
            segmentLayers: segmentLayers)
    }

    /// Tokens of a prompt that travel in one step beside a token of each sequence.
    package var prefillChunk: Int { stepTokensMax - cache.slots }

    /// Whether a segment ends before the layer `index`.
    package func isCut(before index: Int) -> Bool {
        segmentLayers > 0 && index.isMultiple(of: segmentLayers)
    }
}
