// SPDX-License-Identifier: MIT

import BitNetCore

/// Reads a model's description from a GGUF's metadata.
struct ModelMetadata {
    private let model: GGUFModel
    private let gguf: GGUFFile
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
                hasSubNorms: tensor(.attentionSubNorm, layer: 0) != nil),
            contextLength: try required("context_length"), normEpsilon: try normEpsilon(),
            ropeBase: try gguf.float(key("rope.freq_base")) ?? 10_000, activation: .siLU,
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
        if let invalidity = description.invalidity {
            throw ModelFileError(
                .invalidModel, file: gguf.path, found: invalidity, expected: "a model that can be run",
                remedy: "convert the model again, or use another")
        }
        try checkRope(headSize: description.headSize)
        return description
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

    private func key(_ name: String) -> String { "\(family.rawValue).\(name)" }

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

    // MARK: Rotary embedding

    private func checkRope(headSize: Int) throws(ModelFileError) {
        if let rotated = try gguf.integer(key("rope.dimension_count")), rotated != headSize {
            throw unsupportedRope(
                key("rope.dimension_count"), found: "\(rotated)", expected: "\(headSize), all of a head")
        }
        let type = try gguf.text(key("rope.scaling.type")) ?? "none"
        let oldFactor = try gguf.float(key("rope.scale_linear"))
        let factor = try gguf.float(key("rope.scaling.factor")) ?? oldFactor ?? 1
        guard type == "none" || (type == "linear" && factor == 1) else {
            throw unsupportedRope(
                key("rope.scaling.type"), found: "\(ModelFileError.printable(type)) by \(factor)",
                expected: "none")
        }
        guard type != "none" || factor == 1 || factor == 0 else {
            throw unsupportedRope(key("rope.scaling.factor"), found: "\(factor)", expected: "1")
        }
        try checkRopeFactors(headSize: headSize)
    }

    /// `rope_freqs` divides each pair's frequency; a table of ones changes nothing.
    private func checkRopeFactors(headSize: Int) throws(ModelFileError) {
        guard let tensor = model.tensor(Self.ropeFactorsName) else { return }
        let bytes = tensor.bytes
        guard tensor.content == .table(.float32), tensor.rows == 1,
            bytes.count == headSize / 2 * TensorEncoding.float32.rowByteCount(columns: 1)
        else {
            throw ModelFileError(
                .wrongShape, file: gguf.path, subject: tensor.name,
                found: "\(tensor.typeName) [\(tensor.rows), \(tensor.columns)]",
                expected: "F32 [\(headSize / 2)]")
        }
        let isNeutral = (0..<headSize / 2).allSatisfy { FloatReader.float32(bytes, $0) == 1 }
        guard isNeutral else {
            throw unsupportedRope(tensor.name, found: "scaled frequencies", expected: "factors of 1")
        }
    }

    static let ropeFactorsName = "rope_freqs.weight"

    private func unsupportedRope(_ subject: String, found: String, expected: String) -> ModelFileError {
        ModelFileError(
            .unsupportedRope, file: gguf.path, subject: subject, found: found, expected: expected,
            remedy: "this kind of rotary embedding is not supported; use a model without it")
    }
}
