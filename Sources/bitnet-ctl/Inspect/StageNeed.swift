// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterLogic

/// What one stage of a model takes on its worker.
struct StageNeed {
    struct Settings {
        let cache: CacheShape
        let tokensPerStepMax: Int
        let threadCount: Int
        let kernels: Kernels
        let headType: HeadType
    }

    let layers: LayerRange
    /// Bytes that are sent to the worker and stay on its disk.
    let wireByteCount: UInt64
    let memory: StageMemory

    /// What a worker takes for itself, program text included; measured with a model of two megabytes.
    static let processByteCount: UInt64 = 32_000_000

    /// Resident bytes of the worker once every slot has been full.
    var residentByteCount: UInt64 { memory.total + Self.processByteCount }

    /// The stages on `workers` workers of equal speed and enough memory.
    static func all(of model: ModelFile, workers: Int, _ settings: Settings) throws -> [StageNeed] {
        let description = model.description
        let offers = (0..<workers).map {
            WorkerOffer(name: "\($0)", address: "", memoryByteCount: .max / 2)
        }
        let plan = try StagePlanner.plan(cost: cost(of: model, settings), workers: offers)
        return plan.stages.map { stage in
            StageNeed(
                layers: stage.layers, wireByteCount: stage.wireByteCount,
                memory: Stage.memory(
                    model: description, layers: stage.layers, cache: settings.cache,
                    tokensPerStepMax: settings.tokensPerStepMax, threadCount: settings.threadCount,
                    kernels: settings.kernels, tableEncoding: model.tableEncoding,
                    headType: settings.headType))
        }
    }

    /// Bytes only: memory does not limit this plan.
    private static func cost(of file: ModelFile, _ settings: Settings) -> ModelCost {
        ModelCost(
            layerByteCounts: (0..<file.description.layerCount).map { file.byteCount(of: .layer($0)) },
            embeddingByteCount: file.byteCount(of: .embedding),
            outputNormByteCount: file.byteCount(of: .outputNorm),
            headByteCount: file.byteCount(of: .head),
            headSharesEmbedding: file.description.hasTiedHead, memoryPerLayer: 0, memoryForFirst: 0,
            memoryForLast: 0, memoryPerStage: 0)
    }
}
