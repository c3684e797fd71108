// SPDX-License-Identifier: MIT

import BitNetCore

/// Reads a model's description from a GGUF's metadata.
struct ModelMetadata {
    let model: GGUFModel
    let gguf: GGUFFile
    let family: ModelFamily

    init(_ model: GGUFModel) throws(ModelFileError) {
        self.model = model
        gguf = model.metadata
        let key = "general.architecture"
        guard let name = try gguf.text(key) else {
            throw ModelFileError(
                .missingKey, file: gguf.path, subject: key, found: "no such key", expected: "an architecture")
        }
        guard let family = ModelFamily(rawValue: name) else {
            throw ModelFileError(
                .unsupportedArchitecture, file: gguf.path, subject: key,
                found: ModelFileError.printable(name),
                expected: ModelFamily.allCases.map(\.rawValue).joined(separator: ", "),
                remedy: "use a ternary model of one of these architectures")
        }
        self.family = family
        try refuseRotation()
    }

    /// Weights that were turned by a Hadamard matrix give no sense without turning what they are multiplied with.
    private func refuseRotation() throws(ModelFileError) {
        for prefix in ["prism.hadamard.", "forge.rotation."] {
            guard let key = gguf.metadata.keys.filter({ $0.hasPrefix(prefix) }).min() else { continue }
            throw ModelFileError(
                .unsupportedQuantisation, file: gguf.path, subject: key, found: "rotated weights",
                expected: "weights as they were trained",
                remedy: "models with a Hadamard rotation cannot be run yet; use one without it")
        }
    }

    /// What is often wrong with files of models that are known, though they can be run.
    func warnings(_ description: ModelDescription) -> [String] {
        guard family == .qwen3 else { return [] }
        var warnings: [String] = []
        if description.rope == .none, description.name.lowercased().contains("bonsai") {
            warnings.append(
                "Bonsai models are trained with YaRN, of which the file says nothing: its converter may have lost "
                    + "\(key("rope.scaling.type")) and the keys beside it")
        }
        let wide = [TernaryBlock.tq1, .tq2].map { TensorContent.ternary(.blocks($0)) }
        if model.tensors.contains(where: { wide.contains($0.content) }) {
            warnings.append(
                "TQ1_0 and TQ2_0 have a scale for 256 weights; of a model that was trained with one for 128 such a "
                    + "file is a worse copy: prefer Q2_0 or PQ2_0")
        }
        return warnings
    }

    /// The description, checked by ``ModelDescription/invalidity``.
    ///
    /// - Parameter activation: the activation, if somebody knows it better than the file.
    func description(
        activation override: ModelDescription.Activation?
    ) throws(ModelFileError) -> ModelDescription {
        let heads = try required("attention.head_count")
        let hidden = try required("embedding_length")
        let vocabulary = try vocabularySize()
        var description = ModelDescription(
            name: try name(),
            shape: .init(
                layerCount: try required("block_count"), hiddenSize: hidden,
                feedForwardSize: try required("feed_forward_length"), headCount: heads,
                keyValueHeadCount: try gguf.integer(key("attention.head_count_kv")) ?? heads,
                headSize: try headSize(hidden: hidden, heads: heads), vocabularySize: vocabulary,
                hasSubNorms: tensor(.attentionSubNorm, layer: 0) != nil,
                hasHeadNorms: family == .qwen3),
            contextLength: try required("context_length"), normEpsilon: try normEpsilon(),
            ropeBase: try ropeBase(), activation: .siLU,
            rotaryPairing: family.rotaryPairing, hasTiedHead: true)
        let named = try gguf.text(key("hidden_activation"))
        guard let activation = family.activation(named: named, shape: description) else {
            throw ModelFileError(
                .invalidModel, file: gguf.path, subject: key("hidden_activation"),
                found: ModelFileError.printable(named ?? ""), expected: "relu2 or silu",
                remedy: "this activation is not supported")
        }
        description.activation = override ?? activation
        description.hasTiedHead = hasTiedHead()
        description.rope = try rope(
            headSize: description.headSize, contextLength: description.contextLength)
        if family == .miniCPM { try readScales(&description) }
        if let invalidity = description.invalidity {
            throw ModelFileError(
                .invalidModel, file: gguf.path, found: invalidity, expected: "a model that can be run",
                remedy: "convert the model again, or use another")
        }
        return description
    }

    /// MiniCPM's multipliers; files that lack them are of its first models.
    private func readScales(_ description: inout ModelDescription) throws(ModelFileError) {
        let (layers, hidden) = (Float(description.layerCount), Float(description.hiddenSize))
        description.embeddingScale = try gguf.float(key("embedding_scale")) ?? 12
        description.residualScale = try gguf.float(key("residual_scale")) ?? 1.4 / layers.squareRoot()
        description.logitScale = try gguf.float(key("logit_scale")) ?? hidden / 256
    }

    /// Whether nothing in the file says which activation the model has.
    func assumesActivation() throws(ModelFileError) -> Bool {
        let named = try gguf.text(key("hidden_activation"))
        return family == .bitnet && named == nil
    }

    /// The first upload of 2B-4T carries the embedding twice; the copy need not be shipped.
    private func hasTiedHead() -> Bool {
        guard let head = tensor(.head, layer: nil) else { return true }
        guard let embedding = tensor(.embedding, layer: nil) else { return false }
        return embedding.hasContents(of: head)
    }

    private func tensor(_ role: TensorRole, layer: Int?) -> SourceTensor? {
        model.tensor(TensorNaming.ggufName(of: role, layer: layer))
    }

    func key(_ name: String) -> String { "\(family.rawValue).\(name)" }

    private func required(_ name: String) throws(ModelFileError) -> Int {
        if let value = try gguf.integer(key(name)) { return value }
        throw missing(key(name), "an integer")
    }

    private func missing(_ key: String, _ expected: String) -> ModelFileError {
        ModelFileError(
            .missingKey, file: gguf.path, subject: key, found: "no such key", expected: expected,
            remedy: "convert the model again with a current converter")
    }

    /// `general.name`, or the file's name, cut to what a description may hold.
    private func name() throws(ModelFileError) -> String {
        let fileName = gguf.path.split(separator: "/").last.map(String.init) ?? gguf.path
        let given = try gguf.text("general.name").flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        // Without an ending it is a hash in a cache.
        let name = fileName.contains(".") ? fileName : HuggingFaceDirectory.modelName(path: gguf.path)
        return ModelDescription.name(from: ModelFileError.printable(given ?? name))
    }

    private func normEpsilon() throws(ModelFileError) -> Float {
        let name = key("attention.layer_norm_rms_epsilon")
        if let value = try gguf.float(name) { return value }
        throw missing(name, "a floating-point number")
    }

    private func vocabularySize() throws(ModelFileError) -> Int {
        guard let tensor = tensor(.embedding, layer: nil) else {
            throw ModelFileError(
                .missingTensor, file: gguf.path, subject: "token_embd.weight", found: "no such tensor",
                expected: "an embedding")
        }
        return tensor.rows
    }

    private func headSize(hidden: Int, heads: Int) throws(ModelFileError) -> Int {
        let keyLength = try gguf.integer(key("attention.key_length"))
        let valueLength = try gguf.integer(key("attention.value_length"))
        if keyLength == nil, heads > 0, !hidden.isMultiple(of: heads) {
            throw ModelFileError(
                .invalidModel, file: gguf.path, subject: key("attention.head_count"),
                found: "\(heads) heads for \(hidden) channels",
                expected: "a divisor, or the key attention.key_length")
        }
        let size = keyLength ?? (heads > 0 ? hidden / heads : 0)
        guard valueLength == nil || valueLength == size else {
            throw ModelFileError(
                .invalidModel, file: gguf.path, subject: key("attention.value_length"),
                found: "\(valueLength ?? 0)", expected: "\(size), the length of a key",
                remedy: "models whose keys and values differ in length are not supported")
        }
        return size
    }
}
