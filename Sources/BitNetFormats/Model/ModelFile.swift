// SPDX-License-Identifier: MIT

package import BitNetCore

/// A ternary model in a GGUF file: its description, its tokenizer, and its weights ready to be packed.
///
/// The file stays mapped; weights are read when a part is packed. Opening checks names, shapes and types of
/// all tensors that the model needs; values are checked when they are packed.
package final class ModelFile: Sendable {
    package let path: String
    package let description: ModelDescription
    /// The Jinja template of the file, or `nil` if it has none or one known to be wrong.
    package let chatTemplate: String?
    /// What a person should know though the model runs: defaults that were assumed, things ignored.
    package let warnings: [String]
    /// The file's own tables.
    package let gguf: GGUFFile
    let plans: [PartReference.Kind: PartPlan]

    /// Maps and checks a model file.
    ///
    /// - Throws: ``FileError`` or ``ModelFileError``.
    package convenience init(path: String) throws {
        try self.init(GGUFFile(path: path))
    }

    package init(_ gguf: GGUFFile) throws(ModelFileError) {
        self.gguf = gguf
        path = gguf.path
        let metadata = try ModelMetadata(gguf)
        let description = try metadata.description()
        var used: Set<String> = [ModelMetadata.ropeFactorsName]
        var plans: [PartReference.Kind: PartPlan] = [:]
        for kind in Self.kinds(of: description) {
            let plan = try PartPlan(kind, of: description, from: gguf)
            plans[kind] = plan
            used.formUnion(plan.tensorNames)
        }
        self.plans = plans
        self.description = description
        var warnings = try Self.checkUnused(gguf, used: used, isTied: description.hasTiedHead)
        if metadata.family == .bitnet, gguf.metadata["bitnet.hidden_activation"] == nil {
            warnings.append(
                "the file does not say which activation the model was trained with; assuming "
                    + (description.activation == .siLU ? "SiLU" : "squared ReLU"))
        }
        chatTemplate = try Self.chatTemplate(gguf, &warnings)
        warnings += TokenizerMetadata.warnings(gguf)
        self.warnings = warnings
    }

    /// The parts of the whole model, in manifest order.
    package static func kinds(of model: ModelDescription) -> [PartReference.Kind] {
        guard let layers = LayerRange(first: 0, end: model.layerCount) else { return [] }
        return ShardManifest.kinds(layers: layers, of: model)
    }

    /// The file's tokenizer.
    ///
    /// - Throws: ``ModelFileError`` if it is damaged or of a kind that is not supported.
    package func tokenizer() throws(ModelFileError) -> Tokenizer {
        try TokenizerMetadata(gguf, vocabularySize: description.vocabularySize).tokenizer()
    }

    /// Refuses tensors of a layer that no graph here uses, mentions others.
    ///
    /// Left out, a bias, a per-head norm or an expert would change the model's output.
    private static func checkUnused(
        _ gguf: GGUFFile, used: Set<String>, isTied: Bool
    ) throws(ModelFileError) -> [String] {
        var warnings: [String] = []
        for tensor in gguf.tensors where !used.contains(tensor.name) {
            if tensor.name.hasPrefix("blk.") {
                throw ModelFileError(
                    .unexpectedTensor, file: gguf.path, subject: tensor.name,
                    found: "a tensor that the model's graph does not use",
                    expected: "the tensors of a BitNet b1.58 layer",
                    remedy: "this variant of the architecture is not supported")
            }
            if isTied, tensor.name == TensorRole.head.ggufName(layer: nil) {
                warnings.append("output.weight equals the embedding and is not stored twice")
            } else {
                warnings.append("tensor \(ModelFileError.printable(tensor.name)) is not used")
            }
        }
        return warnings
    }

    /// 2B-4T's official GGUF carries a template that makes the model speak for both sides without end.
    private static func chatTemplate(
        _ gguf: GGUFFile, _ warnings: inout [String]
    ) throws(ModelFileError) -> String? {
        guard let template = try gguf.text("tokenizer.chat_template") else { return nil }
        guard !template.contains("BITNETAssistant") else {
            warnings.append("the file's chat template is not the one the model was trained with; ignored")
            return nil
        }
        return template
    }
}
