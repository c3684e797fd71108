// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterPlanning

/// What a stage will need on its worker, before the worker is asked.
///
/// The worker counts exactly and has the last word; this errs on the large side (2 bits a weight, which is
/// what machines without AVX-512 keep).
struct MemoryEstimate {
    let model: ModelDescription
    let slotCount: Int
    let contextLength: Int
    /// f32, f16 or int8.
    let cacheType: String
    let stepTokensMax: Int
    /// Whether the last stage keeps an int8 copy of the head beside it.
    let copiesHead: Bool

    /// The figures that the planner divides, from the file's exact part sizes.
    func cost(of file: ModelFile) -> ModelCost {
        withMemory(ModelCost(of: file))
    }

    /// The figures of a shape of which there is no file: 1.6 bits a weight, embedding and head in f16.
    func costOfShape() -> ModelCost {
        let shape = ProfiledShape(model)
        let norms = 4 * (2 * model.hiddenSize + model.querySize + model.feedForwardSize)
        let table = UInt64(2 * shape.headValueCount)
        return withMemory(
            ModelCost(
                layerByteCounts: [UInt64](
                    repeating: UInt64(shape.layerWeightCount / 5) + UInt64(norms), count: model.layerCount),
                embeddingByteCount: table, outputNormByteCount: UInt64(4 * model.hiddenSize),
                headByteCount: table, headSharesEmbedding: model.hasTiedHead, memoryPerLayer: 0,
                memoryForFirst: 0, memoryForLast: 0, memoryPerStage: 0))
    }

    private func withMemory(_ cost: ModelCost) -> ModelCost {
        var cost = cost
        cost.memoryPerLayer = layerByteCount
        cost.memoryForFirst = cost.embeddingByteCount
        cost.memoryForLast =
            cost.headByteCount + headCopyByteCount + UInt64(4 * model.vocabularySize * stepTokensMax)
        cost.memoryPerStage = scratchByteCount
        return cost
    }

    /// A byte for each value, and three floats for each row; rows and columns rounded up as the kernels do.
    private var headCopyByteCount: UInt64 {
        guard copiesHead else { return 0 }
        return UInt64((model.vocabularySize + 31) / 32 * 32 * ((model.hiddenSize + 3) / 4 * 4 + 12))
    }

    /// Keys and values of every layer.
    var cacheByteCount: UInt64 { UInt64(model.layerCount) * layerCacheByteCount }

    var layerCacheByteCount: UInt64 {
        UInt64(2 * slotCount * contextLength * cacheRowByteCount)
    }

    private var layerByteCount: UInt64 {
        let attention = 2 * model.hiddenSize * (model.querySize + model.keyValueSize)
        let feedForward = 3 * model.hiddenSize * model.feedForwardSize
        let norms = 4 * (2 * model.hiddenSize + model.querySize + model.feedForwardSize)
        return UInt64((attention + feedForward) / 4 + norms) + layerCacheByteCount
    }

    /// One token's keys, or its values.
    private var cacheRowByteCount: Int {
        switch cacheType {
        case "f16": 2 * model.keyValueSize
        case "int8": model.keyValueSize + 4 * model.keyValueHeadCount
        default: 4 * model.keyValueSize
        }
    }

    private var scratchByteCount: UInt64 {
        let perToken =
            3 * model.hiddenSize + 2 * model.querySize + 2 * model.keyValueSize + 3 * model.feedForwardSize
        return UInt64(4 * stepTokensMax * perToken + 8 * contextLength * model.headSize)
    }
}
