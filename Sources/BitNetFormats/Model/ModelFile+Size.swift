// SPDX-License-Identifier: MIT

package import BitNetCore

extension ModelFile {
    /// How the embedding and the head are written.
    package var tableEncodings: TableEncodings {
        TableEncodings(
            embedding: plans[.embedding]?.sources.first?.encoding ?? .float32,
            head: description.hasTiedHead ? nil : plans[.head]?.sources.first?.encoding)
    }

    /// The memory that stages of this model take on `machine`.
    package func account(_ settings: StageSettings, on machine: StageMachine) -> MemoryAccount {
        MemoryAccount(model: description, settings: settings, tables: tableEncodings, machine: machine)
    }

    /// The layers' matrices: weights, bytes in the model's files, bytes packed.
    package var ternarySize: (weightCount: UInt64, storedByteCount: UInt64, packedByteCount: UInt64) {
        var size: (weightCount: UInt64, storedByteCount: UInt64, packedByteCount: UInt64) = (0, 0, 0)
        for layer in 0..<description.layerCount {
            guard let plan = plans[.layer(layer)] else { continue }
            for (source, entry) in zip(plan.sources, plan.layout.entries) where entry.encoding == .t5 {
                size.weightCount += UInt64(clamping: entry.rows) * UInt64(clamping: entry.columns)
                size.storedByteCount += UInt64(clamping: source.tensor.byteCount)
                size.packedByteCount += UInt64(clamping: entry.byteCount)
            }
        }
        return size
    }
}

extension SourceTensor {
    /// Weights, however many of them share a byte.
    package var weightCount: Int {
        content == .ternary(.packedRows) ? rows * PackedRows.rowsPerByte * columns : rows * columns
    }
}
