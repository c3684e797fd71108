// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

/// A contiguous range of layers that computes steps: weights, KV cache and working memory of one worker.
///
/// The forward pass is that of BitNet b1.58 (arXiv 2402.17764): int8 activations with one scale for each
/// token, ternary weights, integer-exact inner products, float32 between them
/// (`Sources/CTernary/reference/layer_forward.c` shows it on one page). What a slot's tokens give does not depend
/// on what else is in the step, on how a prompt is cut into steps, on the number of threads or on the
/// instruction set.
///
/// Safety: `@unchecked Sendable` by confinement: all calls come from one serial queue at a time.
package final class Stage: @unchecked Sendable {
    package let model: ModelDescription
    package let layers: LayerRange
    package let settings: StageSettings
    package var cacheShape: CacheShape { settings.cache }
    package var tokensPerStepMax: Int { settings.stepTokensMax }

    let kernels: Kernels
    let pool: ComputePool
    package let weights: StageWeights
    let layerWeights: [LayerWeights]
    let cache: KeyValueCache
    /// What was handed on of the tokens that the slots hold, if that is kept.
    let history: HopHistory?
    /// By layers within the stage: what came before them, of tokens that the stage was given.
    let earlierHops: [Int: HopHistory]
    /// What is computed of tokens that the stage was given; `nil` without any.
    let recall: RecallPlan?
    let scratch: StageScratch
    let activations: Activations
    var slots: [SlotState]
    /// For each slot of the step at hand, the position after its last entry.
    var nextPositions: [UInt32: UInt32] = [:]
    /// Entries of the step at hand whose sequences were given up: their rows hold zeros.
    var emptyRows: [Int] = []

    /// Where activations are exact, those that the next products are of.
    var exactInput: (values: UnsafePointer<Float>, tokens: Int)?

    /// Where the time of steps goes, for who wants to know.
    package var profile: StepProfile?

    /// What a stage knows of a slot.
    struct SlotState {
        /// How the open sequence samples; `nil` while the slot is closed.
        var sampling: SamplingParameters?
        /// Positions from here on hold tokens that the open sequence has generated.
        var promptTokenCount: UInt32 = 0
        /// Positions 0 ..< tokenCount have their keys and values in the cache, of the last sequence if the slot
        /// is closed.
        var tokenCount: UInt32 = 0
        /// Why the open sequence was given up: nothing more is computed for it.
        var failure: SequenceFailure?
        /// Where states are kept, those of positions 0 ..< tokenCount, and what was held after them before the slot was
        /// opened again.
        var tokens: [UInt32] = []
        /// How many of `tokens` the stage was given: their states are there, in some layers at least.
        var keptCount = 0
    }

    /// Allocates everything that steps of up to `tokensPerStepMax` tokens need.
    ///
    /// - Parameters:
    ///   - weights: all parts loaded.
    ///   - cache: 1...`Limits.slotsMax` slots of 1...model.contextLength positions.
    ///   - tokensPerStepMax: 1...`Limits.stepTokensMax`.
    ///   - segmentLayers: as in ``StageSettings``.
    ///   - keepsStates: as in ``StageSettings``.
    ///   - kept: what an earlier stage has left, as claimed for these layers.
    ///   - pool: used by this stage while one of its methods runs.
    /// - Throws: ``EngineError``.
    package init(
        weights: StageWeights, cache shape: CacheShape, tokensPerStepMax: Int, segmentLayers: Int = 0,
        keepsStates: Bool = false, kept: KeptStates? = nil, pool: ComputePool
    ) throws(EngineError) {
        let missing = weights.missingParts
        guard missing.isEmpty else {
            let names = missing.map(\.description).joined(separator: ", ")
            throw EngineError(.missingPart, "the stage of layers \(weights.layers) lacks: \(names)")
        }
        try Self.check(shape, of: weights.model, tokensPerStepMax: tokensPerStepMax)
        model = weights.model
        layers = weights.layers
        settings = StageSettings(
            cache: shape, stepTokensMax: tokensPerStepMax, headType: weights.headType,
            segmentLayers: segmentLayers, keepsStates: keepsStates)
        kernels = weights.kernels
        self.pool = pool
        self.weights = weights
        layerWeights = weights.layerWeights.compactMap { $0 }
        cache = try KeyValueCache(
            model: model, layers: layers, shape: shape, kept: kept?.keysAndValues ?? [:])
        let isLast = weights.isLastStage
        earlierHops = kept?.hops ?? [:]
        if let kept = earlierHops[layers.end] {
            history = kept
        } else {
            history = keepsStates && !isLast ? try HopHistory(model: model, shape: shape) : nil
        }
        recall = kept.map { [layers = weights.layers] kept in
            RecallPlan(
                layers: layers, isLast: isLast, keptLayers: Set(kept.keysAndValues.keys),
                keptHops: Set(kept.hops.keys))
        }
        let layout = ScratchLayout(
            model: model, isLast: isLast, settings: settings, threadCount: pool.threadCount)
        Self.check(layout, of: model, threadCount: pool.threadCount)
        scratch = try StageScratch(layout)
        activations = try Activations(
            kernels: kernels, model: model, threadCount: pool.threadCount, tokensPerStepMax: tokensPerStepMax)
        slots = (0..<shape.slots).map { slot in
            let tokens = kept?.tokens[slot] ?? []
            return SlotState(tokens: tokens, keptCount: tokens.count)
        }
        scratch.fillRope(of: model, positions: shape.context)
    }

    private static func check(
        _ shape: CacheShape, of model: ModelDescription, tokensPerStepMax: Int
    ) throws(EngineError) {
        guard (1...Limits.slotsMax).contains(shape.slots) else {
            throw EngineError(
                .invalidConfiguration, "slot count is \(shape.slots), expected 1...\(Limits.slotsMax)")
        }
        guard (1...model.contextLength).contains(shape.context) else {
            throw EngineError(
                .invalidConfiguration,
                "context is \(shape.context) tokens, model \(model.name) allows 1...\(model.contextLength)")
        }
        guard (1...Limits.stepTokensMax).contains(tokensPerStepMax) else {
            throw EngineError(
                .invalidConfiguration,
                "step size is \(tokensPerStepMax) tokens, expected 1...\(Limits.stepTokensMax)")
        }
    }

    package var isFirstStage: Bool { weights.isFirstStage }
    package var isLastStage: Bool { weights.isLastStage }

    /// Bytes of the hop that carries `tokens` tokens of this model.
    package func hopByteCount(tokens: Int) -> Int {
        tokens * HopLayout.byteCountPerToken(hidden: model.hiddenSize)
    }

    /// For error messages.
    var place: String { "stage of layers \(layers)" }
}
