// SPDX-License-Identifier: MIT

/// One tensor that a part must hold.
package struct TensorShape: Hashable, Sendable {
    /// What kind of values it has, which decides how it may be written.
    package enum Form: Hashable, Sendable {
        /// Trits with their scales, written so.
        case ternary(TensorEncoding)
        /// One f32 for each channel of a norm.
        case gains
        /// Embedding and head: floats of any width, or quantised, or trits.
        case table

        package var encodings: Set<TensorEncoding> {
            switch self {
            case .ternary(let encoding): [encoding]
            case .gains: [.float32]
            case .table: Set(TensorEncoding.allCases)
            }
        }

        package var isTernary: Bool { if case .ternary = self { true } else { false } }
    }

    package let role: TensorRole
    package let form: Form
    /// Outputs of a matrix; 1 for a norm.
    package let rows: Int
    /// Inputs of a matrix, channels of a norm.
    package let columns: Int

    package init(_ role: TensorRole, _ form: Form, rows: Int = 1, columns: Int) {
        self.role = role
        self.form = form
        self.rows = rows
        self.columns = columns
    }

    /// The tensors of one part in ascending order of role, which is also their order in the file.
    ///
    /// The head of a tied model is the embedding, role and all, so that the two parts are the same file.
    package static func all(of kind: PartReference.Kind, in model: ModelDescription) -> [TensorShape] {
        switch kind {
        case .embedding: [table(.embedding, model)]
        case .outputNorm: [TensorShape(.outputNorm, .gains, columns: model.hiddenSize)]
        case .head: [table(model.hasTiedHead ? .embedding : .head, model)]
        case .layer: layer(model)
        }
    }

    private static func table(_ role: TensorRole, _ model: ModelDescription) -> TensorShape {
        TensorShape(role, .table, rows: model.vocabularySize, columns: model.hiddenSize)
    }

    private static func layer(_ model: ModelDescription) -> [TensorShape] {
        let (hidden, inner) = (model.hiddenSize, model.feedForwardSize)
        let ternary = Form.ternary(model.matrixEncoding)
        let all: [TensorShape] = [
            TensorShape(.attentionNorm, .gains, columns: hidden),
            TensorShape(.query, ternary, rows: model.querySize, columns: hidden),
            TensorShape(.key, ternary, rows: model.keyValueSize, columns: hidden),
            TensorShape(.value, ternary, rows: model.keyValueSize, columns: hidden),
            TensorShape(.attentionSubNorm, .gains, columns: model.querySize),
            TensorShape(.attentionOutput, ternary, rows: hidden, columns: model.querySize),
            TensorShape(.feedForwardNorm, .gains, columns: hidden),
            TensorShape(.gate, ternary, rows: inner, columns: hidden),
            TensorShape(.up, ternary, rows: inner, columns: hidden),
            TensorShape(.feedForwardSubNorm, .gains, columns: inner),
            TensorShape(.down, ternary, rows: hidden, columns: inner),
            TensorShape(.queryNorm, .gains, columns: model.headSize),
            TensorShape(.keyNorm, .gains, columns: model.headSize),
        ]
        return all.filter { shape in
            switch shape.role {
            case .attentionSubNorm, .feedForwardSubNorm: model.hasSubNorms
            case .queryNorm, .keyNorm: model.hasHeadNorms
            default: true
            }
        }
    }
}
