// SPDX-License-Identifier: MIT

/// What an operator asks of a pipeline, wherever its stages are.
package struct PipelineRequest: Equatable, Sendable {
    /// Sequences at a time; `nil` for as many as fit.
    package var slotCount: Int?
    /// Tokens that a sequence may hold; `nil` for what the model can.
    package var contextLength: Int?
    package var cacheType = CacheType.f16
    /// Prompt tokens that travel in one step.
    package var prefillChunk = 64
    package var headType = HeadType.fast
    /// Layers of a segment; with 0 text depends on where the model is cut into stages.
    package var segmentLayers = 1
    /// Drafted tokens of a sequence in one step; with 0 none are drafted.
    package var draftTokensMax = 8
    /// Sequences that may wait for their turn.
    package var waitingMax = Limits.sequencesMax
    /// How long is waited for workers that are not up yet.
    package var joinTimeout = Limits.joinTimeout
    /// How long a worker, a connection or a step under way may be silent before it counts as lost.
    package var lossTimeout = Limits.lossTimeout
    /// Workers that another coordinator holds are taken from it, the first time.
    package var takesOver = false
    /// Workers keep room for the layers of any one of them.
    package var reserves = false
    /// Workers that stand by load layers before they are needed.
    package var warmsSpares = false
    /// Layers are divided by what workers and links were measured to take; else by bytes.
    package var measures = true
    /// Measure again, whatever is known.
    package var remeasures = false
    /// Where the book of measurements is; `nil` keeps none.
    package var bookDirectory: String?

    package init() {}

    /// What is asked of the stages of `model`, with so many sequences at a time.
    package func settings(slotCount: Int, of model: ModelDescription) -> StageSettings {
        StageSettings(
            cache: CacheShape(
                slots: slotCount, context: min(contextLength ?? .max, model.contextLength), type: cacheType),
            prefillChunk: prefillChunk, hiddenSize: model.hiddenSize, headType: headType,
            segmentLayers: segmentLayers, keepsStates: true)
    }
}
