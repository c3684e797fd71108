// SPDX-License-Identifier: MIT

/// How a model's embedding and head are written.
package struct TableEncodings: Equatable, Sendable {
    package var embedding: TensorEncoding
    package var head: TensorEncoding

    /// - Parameter head: `nil` for as the embedding is, as every tied head's is.
    package init(embedding: TensorEncoding = .float16, head: TensorEncoding? = nil) {
        self.embedding = embedding
        self.head = head ?? embedding
    }

    /// How the trits of the head are written; `nil` for a head of floats, which all take the same time.
    package var ternaryHead: TensorEncoding? { head.isTernary ? head : nil }
}

/// The memory that stages of a model take on one machine, before they exist.
///
/// Exact where everything is known of the machine, and otherwise no less than it takes on any.
///
/// - Precondition: model and settings are within `Limits`, so that no step overflows.
package struct MemoryAccount: Sendable {
    package let model: ModelDescription
    package let settings: StageSettings
    package let tables: TableEncodings
    package let machine: StageMachine

    package init(
        model: ModelDescription, settings: StageSettings, tables: TableEncodings, machine: StageMachine
    ) {
        self.model = model
        var settings = settings
        // There is nothing faster than a ternary head itself.
        if tables.head.isTernary { settings.headType = .exact }
        self.settings = settings
        self.tables = tables
        self.machine = machine
    }

    /// What a stage of these layers takes.
    package func memory(of layers: LayerRange) -> StageMemory {
        let (isFirst, isLast) = (layers.first == 0, layers.end == model.layerCount)
        var weights = UInt64(layers.count) * layerWeightByteCount
        if isFirst { weights += embeddingByteCount }
        if isLast { weights += outputByteCount }
        if isFirst, isLast { weights -= sharedByteCount }
        return StageMemory(
            weights: weights,
            cache: UInt64(layers.count) * layerCacheByteCount + (isLast ? 0 : hopsByteCount),
            scratch: scratchByteCount(isLast: isLast))
    }

    /// Weights of one layer.
    package var layerWeightByteCount: UInt64 {
        machine.byteCount(of: .layer(0), in: model, tables)
    }

    /// Keys and values of one layer once every slot is full.
    package var layerCacheByteCount: UInt64 { settings.cache.layerByteCount(model: model) }

    /// The hops that a stage before another keeps.
    package var hopsByteCount: UInt64 {
        settings.keepsStates ? UInt64(clamping: settings.cache.hopsByteCount(model: model)) : 0
    }

    /// The first stage's embedding.
    package var embeddingByteCount: UInt64 { machine.byteCount(of: .embedding, in: model, tables) }

    /// The last stage's norm, head and what its type keeps beside it.
    package var outputByteCount: UInt64 {
        machine.byteCount(of: .outputNorm, in: model, tables)
            + machine.byteCount(of: .head, in: model, tables)
            + settings.headType.byteCount(rows: model.vocabularySize, columns: model.hiddenSize)
    }

    /// What a stage that is both first and last keeps but once.
    package var sharedByteCount: UInt64 { model.hasTiedHead ? embeddingByteCount : 0 }

    /// Working memory of the largest step.
    package func scratchByteCount(isLast: Bool) -> UInt64 {
        let layout = ScratchLayout(
            model: model, isLast: isLast, settings: settings, threadCount: machine.threadCount)
        return UInt64(clamping: layout.byteCount)
            + UInt64(clamping: machine.activationByteCount(model: model, tokens: settings.stepTokensMax))
    }
}

extension StageMachine {
    /// Bytes of one part's tensors once they are loaded.
    package func byteCount(
        of kind: PartReference.Kind, in model: ModelDescription, _ tables: TableEncodings
    ) -> UInt64 {
        TensorShape.all(of: kind, in: model).reduce(0) { sum, shape in
            switch shape.form {
            case .ternary(let encoding): sum + matrixByteCount(shape, encoding, in: model)
            case .gains: sum + UInt64(clamping: shape.columns * MemoryLayout<Float>.size)
            case .table:
                sum + tableByteCount(shape, kind == .head ? tables.head : tables.embedding, in: model)
            }
        }
    }

    private func matrixByteCount(
        _ shape: TensorShape, _ encoding: TensorEncoding, in model: ModelDescription
    ) -> UInt64 {
        UInt64(
            clamping: byteCount(
                rows: shape.rows, columns: shape.columns, encoding, group: model.activationGroup))
    }

    private func tableByteCount(
        _ shape: TensorShape, _ encoding: TensorEncoding, in model: ModelDescription
    ) -> UInt64 {
        encoding.isTernary
            ? matrixByteCount(shape, encoding, in: model)
            : UInt64(clamping: shape.rows) * UInt64(clamping: encoding.rowByteCount(columns: shape.columns))
    }
}
