// SPDX-License-Identifier: MIT

package import BitNetCore

extension ModelFile {
    /// How the embedding and the head are written.
    package var tableEncodings: TableEncodings {
        TableEncodings(
            embedding: plans[.embedding]?.sources.first?.encoding ?? .float32,
            head: description.hasTiedHead ? nil : plans[.head]?.sources.first?.encoding)
    }

    /// Whether its parts and manifests are what programs know that know one scale for a matrix.
    package var isPlain: Bool {
        description.isPlain && !tableEncodings.embedding.isTernary && !tableEncodings.head.isTernary
    }

    /// The memory that stages of this model take on `machine`.
    package func account(_ settings: StageSettings, on machine: StageMachine) -> MemoryAccount {
        MemoryAccount(model: description, settings: settings, tables: tableEncodings, machine: machine)
    }

    /// All ternary matrices, a tied head once: weights, bytes in the model's files, bytes packed.
    package var ternarySize: (weightCount: UInt64, storedByteCount: UInt64, packedByteCount: UInt64) {
        var size: (weightCount: UInt64, storedByteCount: UInt64, packedByteCount: UInt64) = (0, 0, 0)
        for kind in Self.kinds(of: description) where kind != .head || !description.hasTiedHead {
            guard let plan = plans[kind] else { continue }
            for (source, entry) in zip(plan.sources, plan.layout.entries) where entry.encoding.isTernary {
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
