// SPDX-License-Identifier: MIT

/// What is decided of a stage besides its model and its layers: the same for all stages of a pipeline.
package struct StageSettings: Equatable, Sendable {
    package var cache: CacheShape
    /// Entries of the largest step.
    package var stepTokensMax: Int
    package var headType: HeadType

    package init(cache: CacheShape, stepTokensMax: Int, headType: HeadType) {
        self.cache = cache
        self.stepTokensMax = stepTokensMax
        self.headType = headType
    }

    /// - Parameter prefillChunk: tokens of a prompt that travel in one step, beside a token of each sequence.
    package init(cache: CacheShape, prefillChunk: Int, headType: HeadType) {
        self.init(cache: cache, stepTokensMax: prefillChunk + cache.slots, headType: headType)
    }

    /// Tokens of a prompt that travel in one step beside a token of each sequence.
    package var prefillChunk: Int { stepTokensMax - cache.slots }
}
