// SPDX-License-Identifier: MIT
import BitNetCore
package import BitNetFormats
package import ClusterPlanning

extension ModelCost {
    /// A model's exact part sizes, with the memory that its stages take; without any, memory limits no plan.
    package init(
        of file: ModelFile, memoryPerLayer: UInt64 = 0, memoryForFirst: UInt64 = 0, memoryForLast: UInt64 = 0,
        memoryPerStage: UInt64 = 0
    ) {
        self.init(
            layerByteCounts: (0..<file.description.layerCount).map { file.byteCount(of: .layer($0)) },
            embeddingByteCount: file.byteCount(of: .embedding),
            outputNormByteCount: file.byteCount(of: .outputNorm), headByteCount: file.byteCount(of: .head),
            headSharesEmbedding: file.description.hasTiedHead, memoryPerLayer: memoryPerLayer,
            memoryForFirst: memoryForFirst, memoryForLast: memoryForLast, memoryPerStage: memoryPerStage)
    }
}
