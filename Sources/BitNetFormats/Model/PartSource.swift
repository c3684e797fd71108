// SPDX-License-Identifier: MIT

import BitNetCore

/// A tensor that a part needs, and the tensor of the model that it is made from.
struct PartSource {
    let shape: TensorShape
    let tensor: SourceTensor
    /// A further factor of the scale, where the container keeps one beside the matrix.
    let factor: ScaleFactor?
    /// Whether full-precision values are to be quantised to trits.
    let quantisesMasters: Bool

    /// How the part file holds it.
    let encoding: TensorEncoding

    /// Finds and checks the tensor of `shape`.
    init(_ shape: TensorShape, layer: Int?, _ model: ModelSource) throws(ModelFileError) {
        guard let tensor = model.tensor(shape.role, layer: layer) else {
            throw ModelFileError(
                .missingTensor, file: model.path,
                subject: model.naming.names(of: shape.role, layer: layer).joined(separator: " or "),
                found: "no such tensor", expected: "[\(shape.rows), \(shape.columns)]",
                remedy: "the file does not hold the whole model; convert or merge it again")
        }
        let rows =
            tensor.content == .ternary(.packedRows)
            ? (shape.rows + PackedRows.rowsPerByte - 1) / PackedRows.rowsPerByte : shape.rows
        guard tensor.rows == rows, tensor.columns == shape.columns else {
            throw tensor.error(
                .wrongShape, found: "[\(tensor.rows), \(tensor.columns)]",
                expected: "[\(rows), \(shape.columns)]",
                remedy: "the tensors do not fit the model's description; convert the model again")
        }
        try Self.checkContent(tensor, shape)
        self.shape = shape
        self.tensor = tensor
        quantisesMasters = model.quantisesMasters && shape.form.isTernary
        encoding =
            switch shape.form {
            case .ternary(let encoding): encoding
            case .gains: .float32
            case .table: model.tableEncoding(tensor, columns: shape.columns)
            }
        factor = try layer.flatMap { model.scaleTensor(shape.role, layer: $0) }
            .map { scale throws(ModelFileError) in try ScaleFactor(scale, model.scaleDirection) }
        if tensor.content == .ternary(.packedRows), factor == nil {
            throw tensor.error(
                .missingTensor, found: "packed trits without a weight_scale", expected: "a scale beside them")
        }
    }

    private static func checkContent(_ tensor: SourceTensor, _ shape: TensorShape) throws(ModelFileError) {
        switch (tensor.content, shape.form) {
        case (.ternary, .ternary), (.table, .table), (.ternary, .table): break
        case (.table(let encoding), _) where encoding.blockElementCount == 1: break
        case (.unreadable(let remedy), _): throw unsupported(tensor, shape, remedy: remedy)
        case (.table, _):
            throw unsupported(
                tensor, shape,
                remedy: "the trits of such a tensor are lost; convert the original model to TQ2_0 or I2_S")
        case (.ternary, _):
            throw unsupported(
                tensor, shape,
                remedy: "norms are of plain numbers; convert the original model again")
        }
    }

    private static func unsupported(
        _ tensor: SourceTensor, _ shape: TensorShape, remedy: String
    ) -> ModelFileError {
        let expected =
            switch shape.form {
            case .ternary: "TQ1_0, TQ2_0, I2_S, Q2_0, PQ2_0, PTQ1_0, Q1_0, packed trits or F16, BF16, F32"
            case .gains: "F32, F16 or BF16"
            case .table:
                "F16, BF16, F32, Q8_0, Q6_K, Q4_K, Q4_0, TQ1_0, TQ2_0, I2_S, Q2_0, PQ2_0, PTQ1_0 or Q1_0"
            }
        return tensor.error(
            .unsupportedTensorType, found: tensor.typeName, expected: expected, remedy: remedy)
    }
}

/// A scale that is stored as a tensor of its own.
struct ScaleFactor: Sendable {
    let tensor: SourceTensor
    let direction: ScaleDirection

    init(_ tensor: SourceTensor, _ direction: ScaleDirection) throws(ModelFileError) {
        guard tensor.rows == 1, tensor.columns == 1, case .table(let encoding) = tensor.content,
            encoding.blockElementCount == 1
        else {
            throw tensor.error(
                .wrongShape, found: "\(tensor.typeName) [\(tensor.rows), \(tensor.columns)]",
                expected: "one F32, F16 or BF16 value")
        }
        self.tensor = tensor
        self.direction = direction
    }

    /// `scale` with this factor applied.
    func applied(to scale: Float) throws(ModelFileError) -> Float {
        guard case .table(let encoding) = tensor.content else { return scale }
        let factor = FloatReader.value(tensor.bytes, 0, encoding) ?? .nan
        let product = direction == .multiplies ? scale * factor : scale / factor
        guard factor.isFinite, factor > 0, product.isFinite else {
            throw tensor.error(
                .badScale, found: "\(factor), which makes a scale of \(product)",
                expected: "a finite scale above 0")
        }
        return product
    }
}
