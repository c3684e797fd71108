// SPDX-License-Identifier: MIT

import BitNetCore

/// Makes a model's description from a `config.json`; every failure names the key.
struct ConfigurationReader {
    /// How a checkpoint holds its ternary matrices.
    struct QuantisationForm: Equatable {
        /// Weights are of full precision, and quantised while the model runs.
        var isOnline: Bool
        var scaleDirection: ScaleDirection
    }

    private let configuration: HuggingFaceConfiguration
    private let file: String
    private let directory: String

    init(_ directory: HuggingFaceDirectory) {
        configuration = directory.configuration
        file = directory.configurationFile.path
        self.directory = directory.path
    }

    func family() throws(ModelFileError) -> HuggingFaceFamily {
        guard let family = configuration.architecture.flatMap(HuggingFaceFamily.init) else {
            throw error(
                .unsupportedArchitecture, "architectures",
                found: configuration.architecture.map(ModelFileError.printable) ?? "none",
                expected: HuggingFaceFamily.allCases.map(\.rawValue).joined(separator: ", "),
                remedy: "use a ternary model of one of these classes")
        }
        return family
    }

    /// How the weights are to be read (Transformers' `bitnet` quantisation).
    ///
    /// `bitlinear`, also where no class is named, stores the reciprocal of the scale; `autobitlinear` the
    /// scale itself.
    func quantisation(_ family: HuggingFaceFamily) throws(ModelFileError) -> QuantisationForm {
        guard let quantisation = configuration.quantisation else {
            return QuantisationForm(isOnline: family == .oneBitLLM, scaleDirection: .divides)
        }
        guard quantisation.method == "bitnet" else {
            throw unsupported("quant_method", found: quantisation.method, expected: "bitnet")
        }
        guard !quantisation.usesInputNorm else {
            throw unsupported("use_rms_norm", found: "true", expected: "false")
        }
        if let module = quantisation.unconverted.first(where: {
            $0 != "lm_head" && $0 != "model.embed_tokens"
        }) {
            throw unsupported("modules_to_not_convert", found: module, expected: "lm_head")
        }
        let direction: ScaleDirection
        switch quantisation.linearClass {
        case nil, "bitlinear": direction = .divides
        case "autobitlinear": direction = .multiplies
        case .some(let name):
            throw unsupported("linear_class", found: name, expected: "bitlinear or autobitlinear")
        }
        switch quantisation.mode {
        case nil, "offline": return QuantisationForm(isOnline: false, scaleDirection: direction)
        case "online": return QuantisationForm(isOnline: true, scaleDirection: direction)
        case .some(let mode):
            throw unsupported("quantization_mode", found: mode, expected: "offline or online")
        }
    }

    func description(
        _ family: HuggingFaceFamily, _ tensors: [SourceTensor], activation: ModelDescription.Activation?
    ) throws(ModelFileError) -> ModelDescription {
        let heads = try required(configuration.headCount, "num_attention_heads")
        let hidden = try required(configuration.hiddenSize, "hidden_size")
        guard !configuration.usesSlidingWindow else {
            throw error(
                .invalidModel, "use_sliding_window", found: "true", expected: "false",
                remedy: "attention over a window is not supported")
        }
        let head = tensors.first { $0.name == "lm_head.weight" }
        let embedding = tensors.first { $0.name == "model.embed_tokens.weight" }
        let named = try self.activation(family)
        var description = ModelDescription(
            name: name,
            shape: .init(
                layerCount: try required(configuration.layerCount, "num_hidden_layers"), hiddenSize: hidden,
                feedForwardSize: try required(configuration.feedForwardSize, "intermediate_size"),
                headCount: heads, keyValueHeadCount: configuration.keyValueHeadCount ?? heads,
                headSize: try headSize(hidden: hidden, heads: heads),
                vocabularySize: try required(embedding?.rows ?? configuration.vocabularySize, "vocab_size"),
                hasSubNorms: family.hasSubNorms, hasHeadNorms: family == .qwen3),
            contextLength: try required(configuration.contextLength, "max_position_embeddings"),
            normEpsilon: Float(try required(configuration.normEpsilon, "rms_norm_eps")),
            ropeBase: Float(configuration.ropeBase ?? 10_000),
            activation: activation ?? named, rotaryPairing: .halves,
            hasTiedHead: hasTiedHead(head, embedding))
        description.rope = try rope(contextLength: description.contextLength)
        if family == .miniCPM { try readScales(&description) }
        if let invalidity = description.invalidity {
            throw error(
                .invalidModel, nil, found: invalidity, expected: "a model that can be run",
                remedy: "download config.json again, or use another model")
        }
        return description
    }

    // MARK: Single values

    /// A stored head decides; without one the embedding is the head, whatever the configuration says of it.
    private func hasTiedHead(_ head: SourceTensor?, _ embedding: SourceTensor?) -> Bool {
        guard let head else { return true }
        if configuration.hasTiedHead == true { return true }
        guard let embedding else { return false }
        return embedding.hasContents(of: head)
    }

    private func activation(_ family: HuggingFaceFamily) throws(ModelFileError) -> ModelDescription.Activation
    {
        let name = configuration.activation ?? family.defaultActivation
        guard let activation = ModelDescription.Activation(named: name) else {
            throw error(
                .invalidModel, "hidden_act", found: ModelFileError.printable(name),
                expected: "relu2 or silu", remedy: "this activation is not supported")
        }
        return activation
    }

    private func headSize(hidden: Int, heads: Int) throws(ModelFileError) -> Int {
        if let size = configuration.headSize { return size }
        guard heads > 0, hidden.isMultiple(of: heads) else {
            throw error(
                .invalidModel, "num_attention_heads", found: "\(heads) heads for \(hidden) channels",
                expected: "a divisor, or the key head_dim")
        }
        return hidden / heads
    }

    private func readScales(_ description: inout ModelDescription) throws(ModelFileError) {
        description.embeddingScale = Float(try required(configuration.embeddingScale, "scale_emb"))
        let depth = Float(try required(configuration.depthScale, "scale_depth"))
        description.residualScale = depth / Float(description.layerCount).squareRoot()
        let base = try required(configuration.baseSize, "dim_model_base")
        description.logitScale = Float(description.hiddenSize) / Float(base)
    }

    private func rope(contextLength: Int) throws(ModelFileError) -> RopeScaling {
        if let scaling = configuration.rope.scaling(contextLength: contextLength) { return scaling }
        let rope = configuration.rope
        throw error(
            .unsupportedRope, "rope_scaling",
            found: "\(ModelFileError.printable(rope.type ?? "default")) by \(rope.factor ?? 1)",
            expected: "default, linear, llama3 or yarn with the keys of its kind",
            remedy: "this kind of rotary embedding is not supported; use a model without it")
    }

    /// The directory's name, or what a synthetic model is called, cut to what a description may hold.
    private var name: String {
        let given = configuration.isSynthetic ? configuration.name : nil
        return ModelDescription.name(
            from: ModelFileError.printable(given ?? HuggingFaceDirectory.modelName(path: directory)))
    }

    private func required<Value>(_ value: Value?, _ key: String) throws(ModelFileError) -> Value {
        if let value { return value }
        throw error(
            .missingKey, key, found: "no such key", expected: "a number", remedy: ModelFileError.damaged)
    }

    private func unsupported(_ key: String, found: String?, expected: String) -> ModelFileError {
        error(
            .unsupportedQuantisation, "quantization_config.\(key)",
            found: found.map(ModelFileError.printable) ?? "no such key", expected: expected,
            remedy: "this kind of quantisation is not supported")
    }

    private func error(
        _ code: ModelFileError.Code, _ key: String?, found: String, expected: String,
        remedy: String = ModelFileError.damaged
    ) -> ModelFileError {
        ModelFileError(code, file: file, subject: key, found: found, expected: expected, remedy: remedy)
    }
}
