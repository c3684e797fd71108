// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats
package import ClusterPlanning

extension ModelCost {
    /// A model's exact part sizes, with the memory that its stages take; without any, memory limits no plan.
    package init(of file: ModelFile, memory: MemoryCost = MemoryCost(), segmentLayers: Int = 1) {
        self.init(
            layerByteCounts: (0..<file.description.layerCount).map { file.byteCount(of: .layer($0)) },
            embeddingByteCount: file.byteCount(of: .embedding),
            outputNormByteCount: file.byteCount(of: .outputNorm), headByteCount: file.byteCount(of: .head),
            headSharesEmbedding: file.description.hasTiedHead, memory: memory, segmentLayers: segmentLayers)
    }

    /// What the coordinator would plan with before it asks any worker.
    package init(of file: ModelFile, _ settings: StageSettings) {
        self.init(
            of: file, memory: MemoryCost(file.account(settings, on: .unknown)),
            segmentLayers: settings.placedLayers)
    }

    /// The same for a shape of which there is no file.
    package init(of model: ModelDescription, _ tables: TableEncodings, _ settings: StageSettings) {
        func byteCount(_ kind: PartReference.Kind) -> UInt64 {
            TensorShape.all(of: kind, in: model).reduce(0) { sum, shape in
                let encoding: TensorEncoding =
                    switch shape.form {
                    case .ternary(let encoding): encoding
                    case .gains: .float32
                    case .table: kind == .head ? tables.head : tables.embedding
                    }
                return sum + UInt64(clamping: shape.rows)
                    * UInt64(clamping: encoding.rowByteCount(columns: shape.columns))
            }
        }
        self.init(
            layerByteCounts: [UInt64](repeating: byteCount(.layer(0)), count: model.layerCount),
            embeddingByteCount: byteCount(.embedding), outputNormByteCount: byteCount(.outputNorm),
            headByteCount: byteCount(.head), headSharesEmbedding: model.hasTiedHead,
            memory: MemoryCost(
                MemoryAccount(model: model, settings: settings, tables: tables, machine: .unknown)),
            segmentLayers: settings.placedLayers)
    }
}
