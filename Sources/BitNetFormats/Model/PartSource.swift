// SPDX-License-Identifier: MIT

import BitNetCore

/// A tensor that a part needs, and the tensor of the file that it is made from.
struct PartSource {
    let shape: TensorShape
    let tensor: GGUFTensor
    /// A further factor of the scale, from old conversions.
    let scaleTensor: GGUFTensor?

    /// How the part file holds it.
    var encoding: TensorEncoding {
        switch (shape.form, tensor.type.content) {
        case (.ternary, _): .t5
        case (.table, .dense(let encoding)): encoding
        case (.gains, _), (.table, _): .float32
        }
    }

    init(_ shape: TensorShape, layer: Int?, _ gguf: GGUFFile) throws(ModelFileError) {
        let name = shape.role.ggufName(layer: layer)
        guard let tensor = gguf.tensor(name) else {
            throw ModelFileError(
                .missingTensor, file: gguf.path, subject: name, found: "no such tensor",
                expected: "[\(shape.rows), \(shape.columns)]",
                remedy: "the file does not hold the whole model; convert or merge it again")
        }
        guard tensor.rows == shape.rows, tensor.columns == shape.columns else {
            throw ModelFileError(
                .wrongShape, file: gguf.path, subject: name, found: "[\(tensor.rows), \(tensor.columns)]",
                expected: "[\(shape.rows), \(shape.columns)]",
                remedy: "the tensors do not fit the file's metadata; convert the model again")
        }
        switch (tensor.type.content, shape.form) {
        case (.dense, _), (.ternary, .ternary): break
        case (.unreadable(let remedy), _):
            throw Self.unsupported(tensor, shape, gguf, remedy: remedy)
        case (.ternary, _):
            throw Self.unsupported(
                tensor, shape, gguf,
                remedy: "only the matrices of the layers may be ternary: llama-quantize "
                    + "--token-embedding-type f16 --output-tensor-type f16")
        }
        self.shape = shape
        self.tensor = tensor
        scaleTensor = try layer.flatMap { gguf.tensor(shape.role.ggufScaleName(layer: $0)) }
            .map { scale throws(ModelFileError) in
                guard scale.dimensions.allSatisfy({ $0 == 1 }), scale.type.content == .dense(.float32) else {
                    throw ModelFileError(
                        .wrongShape, file: gguf.path, subject: scale.name,
                        found: "\(scale.type.name) \(scale.dimensions)", expected: "F32 [1]")
                }
                return scale
            }
    }

    private static func unsupported(
        _ tensor: GGUFTensor, _ shape: TensorShape, _ gguf: GGUFFile, remedy: String
    ) -> ModelFileError {
        ModelFileError(
            .unsupportedTensorType, file: gguf.path, subject: tensor.name, found: tensor.type.name,
            expected: shape.form == .ternary ? "TQ1_0, TQ2_0 or ternary F16, BF16, F32" : "F16, BF16 or F32",
            remedy: remedy)
    }
}
