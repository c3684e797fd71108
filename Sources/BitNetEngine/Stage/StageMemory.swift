// SPDX-License-Identifier: MIT
package import BitNetCore

/// What a stage takes of a worker's memory, bytes.
package struct StageMemory: Equatable, Sendable {
    /// Weights in their resident layout, embedding and head.
    package var weights: UInt64
    /// Keys and values once every slot is full.
    package var cache: UInt64
    /// Working memory of the largest step.
    package var scratch: UInt64

    package init(weights: UInt64, cache: UInt64, scratch: UInt64) {
        self.weights = weights
        self.cache = cache
        self.scratch = scratch
    }

    package var total: UInt64 { weights + cache + scratch }
}

extension Stage {
    /// The account of a stage that does not exist yet.
    ///
    /// - Precondition: `model`, `cache` and `tokensPerStepMax` are within `Limits`.
    /// - Parameters:
    ///   - tableEncoding: how the model's embedding is written.
    ///   - headEncoding: how its head is written; `nil` for as the embedding is.
    package static func memory(
        model: ModelDescription, layers: LayerRange, cache: CacheShape, tokensPerStepMax: Int,
        threadCount: Int, kernels: Kernels, tableEncoding: TensorEncoding = .float16,
        headEncoding: TensorEncoding? = nil, headType: HeadType = .exact
    ) -> StageMemory {
        let layout = ScratchLayout(
            model: model, layers: layers, cache: cache, tokensPerStepMax: tokensPerStepMax,
            threadCount: threadCount, headType: headType)
        return StageMemory(
            weights: StageWeights.byteCount(
                model: model, layers: layers, kernels: kernels, tableEncoding: tableEncoding,
                headEncoding: headEncoding, headType: headType),
            cache: KeyValueCache.byteCount(
                model: model, layers: layers, slots: cache.slots, context: cache.context, type: cache.type),
            scratch: UInt64(layout.byteCount)
                + Activations.byteCount(
                    kernels: kernels, model: model, threadCount: threadCount,
                    tokensPerStepMax: tokensPerStepMax))
    }

    /// The sum of the account of a stage with these caches and steps.
    package static func memoryByteCount(
        model: ModelDescription, layers: LayerRange, slots: Int, context: Int, type: CacheType,
        tokensPerStepMax: Int, kernels: Kernels, threadCount: Int = ComputePool.defaultThreadCount,
        tableEncoding: TensorEncoding = .float16, headEncoding: TensorEncoding? = nil,
        headType: HeadType = .exact
    ) -> UInt64 {
        memory(
            model: model, layers: layers, cache: CacheShape(slots: slots, context: context, type: type),
            tokensPerStepMax: tokensPerStepMax, threadCount: threadCount, kernels: kernels,
            tableEncoding: tableEncoding, headEncoding: headEncoding, headType: headType
        ).total
    }
}
