// SPDX-License-Identifier: MIT

package import BitNetCore

/// A ternary model as people have it (a GGUF, whole or split, or a Hugging Face directory): its description,
/// its tokenizer, and its weights ready to be packed.
///
/// The files stay mapped; weights are read when a part is packed, from files that are what they were. Opening checks
/// names, shapes and types of all tensors that the model needs; values are checked when they are packed.
package final class ModelFile: Sendable {
    package let description: ModelDescription
    /// What a person should know though the model runs: defaults that were assumed, things ignored.
    package let warnings: [String]
    let source: ModelSource
    let plans: [PartReference.Kind: PartPlan]
    package let options: ModelOptions

    /// Maps and checks a model.
    ///
    /// - Parameter path: a GGUF file, any file of a split GGUF, or a Hugging Face directory.
    /// - Throws: ``FileError`` or ``ModelFileError``.
    package convenience init(path: String, options: ModelOptions = .init()) throws {
        let source =
            FileSystem.isDirectory(path)
            ? try ModelSource(HuggingFaceDirectory(path: path), options: options)
            : try ModelSource(GGUFModel(path: path, options: options), options: options)
        do {
            try self.init(source, options: options)
        } catch {
            // What was cut while it was read explains the rest.
            try source.checkUnchanged(isHeaderRead: false)
            throw error
        }
        try source.checkUnchanged(isHeaderRead: false)
    }

    package convenience init(_ gguf: GGUFFile, options: ModelOptions = .init()) throws(ModelFileError) {
        try self.init(ModelSource(GGUFModel([gguf], options: options), options: options), options: options)
    }

    init(_ source: ModelSource, options: ModelOptions) throws(ModelFileError) {
        var source = source
        source.description = try source.describedScales()
        source.description.activationsAreExact = false
        if options.activationsAreExact { try source.makeActivationsExact() }
        var used: Set<String> = [ModelMetadata.ropeFactorsName]
        var plans: [PartReference.Kind: PartPlan] = [:]
        for kind in Self.kinds(of: source.description) {
            let plan = try PartPlan(kind, of: source)
            plans[kind] = plan
            used.formUnion(plan.tensorNames)
        }
        self.source = source
        self.options = options
        self.plans = plans
        description = source.description
        warnings = try Self.checkUnused(source, used: used) + source.warnings
    }

    /// The same model, whose activations are quantised or not.
    package func with(exactActivations isExact: Bool) throws(ModelFileError) -> ModelFile {
        var options = options
        options.activationsAreExact = isExact
        return try ModelFile(source, options: options)
    }

    /// To be asked before the model is used anew.
    ///
    /// - Throws: ``FileError`` naming a file that is not what it was when it was opened.
    package func checkUnchanged() throws(FileError) { try source.checkUnchanged(isHeaderRead: true) }

    package var path: String { source.path }
    package var tokenizerSource: TokenizerSource { source.tokenizer }
    /// The container, for people: `GGUF 3`.
    package var container: String { source.container }
    /// The architecture by the container's name.
    package var architecture: String { source.architecture }
    /// The template of the model, or `nil` if it has none or one known to be wrong.
    package var chatTemplate: EmbeddedChatTemplate? { source.chatTemplate }
    /// The template for conversations with tools, if the model has one apart for them.
    package var toolTemplate: EmbeddedChatTemplate? { source.chatTemplate == nil ? nil : source.toolTemplate }
    /// How the model's files recommend to choose tokens.
    package var samplingDefaults: SamplingDefaults { source.sampling }
    /// Whether the weights are random, made for tests and measurements.
    package var isSynthetic: Bool { source.isSynthetic }
    /// All tensors, in the container's order.
    package var tensors: [SourceTensor] { source.tensors }
    package func tensor(named name: String) -> SourceTensor? { source.tensor(named: name) }

    /// The parts of the whole model, in manifest order.
    package static func kinds(of model: ModelDescription) -> [PartReference.Kind] {
        guard let layers = LayerRange(first: 0, end: model.layerCount) else { return [] }
        return ShardManifest.kinds(layers: layers, of: model)
    }

    /// Refuses tensors of a layer that no graph here uses, mentions others.
    ///
    /// Left out, a bias, a per-head norm or an expert would change the model's output.
    private static func checkUnused(
        _ source: ModelSource, used: Set<String>
    ) throws(ModelFileError) -> [String] {
        var warnings: [String] = []
        let head = source.tensor(.head, layer: nil)?.name
        for tensor in source.tensors where !used.contains(tensor.name) {
            if source.naming.isOfLayer(tensor.name) {
                throw tensor.error(
                    .unexpectedTensor, found: "a tensor that the model's graph does not use",
                    expected: "the tensors of a BitNet b1.58 layer",
                    remedy: "this variant of the architecture is not supported")
            }
            if tensor.name == head {
                warnings.append("\(tensor.name) equals the embedding and is not stored twice")
            } else if !tensor.name.hasSuffix("rotary_emb.inv_freq") {
                warnings.append("tensor \(ModelFileError.printable(tensor.name)) is not used")
            }
        }
        return warnings
    }
}

extension ModelSource {
    fileprivate mutating func makeActivationsExact() throws(ModelFileError) {
        guard description.activationGroup > 0 else {
            throw ModelFileError(
                .invalidModel, file: path, found: "a model that was trained with int8 activations",
                expected: "one whose weights alone are few-valued",
                remedy: "leave --activations out: exact ones would be another network")
        }
        description.activationsAreExact = true
    }
}
