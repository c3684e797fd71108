// SPDX-License-Identifier: MIT

import BitNetCore

extension ModelSource {
    /// Reads what a Hugging Face directory says of its model.
    ///
    /// - Throws: ``ModelFileError`` naming the key or the tensor.
    init(_ directory: HuggingFaceDirectory, options: ModelOptions) throws(ModelFileError) {
        let reader = ConfigurationReader(directory)
        let family = try reader.family()
        let quantisation = try reader.quantisation(family)
        let tensors = try Self.tensors(directory)
        self.init(
            path: directory.path,
            container: "Hugging Face, \(directory.weights.count) safetensors "
                + (directory.weights.count == 1 ? "file" : "files"),
            architecture: family.rawValue,
            description: try reader.description(family, tensors, activation: options.activation),
            naming: .huggingFace, tensors: tensors, isWeightOnly: family.isWeightOnly,
            quantisesMasters: options.quantisesMasters || quantisation.isOnline,
            scaleDirection: quantisation.scaleDirection, chatTemplate: try directory.readChatTemplate(),
            isSynthetic: directory.configuration.isSynthetic, tokenizer: .huggingFace(directory),
            files: directory.weights.compactMap(\.sourceFile)
                + [SourceFile(directory.configurationFile, headerByteCount: .max)])
        toolTemplate = try directory.readToolTemplate()
        sampling = directory.generation.sampling
        warnings = directory.generation.warnings
    }

    private static func tensors(_ directory: HuggingFaceDirectory) throws(ModelFileError) -> [SourceTensor] {
        var names: Set<String> = []
        var tensors: [SourceTensor] = []
        for file in directory.weights {
            for tensor in file.tensors {
                guard names.insert(tensor.name).inserted else {
                    throw ModelFileError(
                        .duplicateTensor, file: file.path, subject: tensor.name, offset: tensor.offset,
                        found: "the tensor again", expected: "each tensor in one of the files")
                }
                tensors.append(SourceTensor(tensor, of: file))
            }
        }
        return tensors
    }
}

extension SourceTensor {
    /// A U8 tensor is taken for packed trits, of which a byte holds four rows.
    fileprivate init(_ tensor: SafeTensor, of file: SafeTensorsFile) {
        let content: TensorContent =
            switch tensor.elementType {
            case .float32: .table(.float32)
            case .float16: .table(.float16)
            case .bfloat16: .table(.bfloat16)
            case .uint8: .ternary(.packedRows)
            default:
                .unreadable(
                    remedy: "matrices must be packed trits (U8) or BF16, F16 or F32; use a checkpoint in its "
                        + "published form")
            }
        self.init(
            name: tensor.name, typeName: tensor.elementType == .uint8 ? "U8 (packed trits)" : tensor.typeName,
            rows: tensor.rows, columns: tensor.columns, content: content, file: file.path,
            offset: tensor.offset, byteCount: tensor.byteCount, source: file.source)
    }
}
