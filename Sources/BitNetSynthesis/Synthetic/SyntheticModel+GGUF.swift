// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer

extension SyntheticModel {
    func ggufFiles(_ format: SyntheticFormat, path: String, parts: Int) -> [FileImage] {
        let tensors = tensors.map { tensor in
            let (type, stream) = stored(tensor, format)
            return GGUFWriter.Tensor(
                Self.ggufName(tensor),
                dimensions: tensor.form == .gains ? [tensor.columns] : [tensor.columns, tensor.rows],
                type: TensorType(id: type), stream: stream)
        }
        return GGUFWriter.files(path: path, metadata: metadata(format), tensors: tensors, parts: parts)
    }

    static func ggufName(_ tensor: SyntheticTensor) -> String {
        TensorNaming.ggufName(of: tensor.role, layer: tensor.layer)
    }

    /// The type's id, and the bytes.
    private func stored(_ tensor: SyntheticTensor, _ format: SyntheticFormat) -> (UInt32, TensorStream) {
        if tensor.form == .gains { return (Self.typeID(.float32), tensor.stream(.float32)) }
        guard tensor.isTernary, let storage = format.storage else {
            return (Self.typeID(format.floats), tensor.stream(format.floats))
        }
        return (
            Self.typeID(storage), tensor.stream(storage, order: rowOrder(tensor.role))
        )
    }

    private static func typeID(_ encoding: TensorEncoding) -> UInt32 {
        encoding == .float32 ? 0 : encoding == .float16 ? 1 : 30
    }

    private static func typeID(_ storage: TernaryStorage) -> UInt32 {
        switch storage {
        case .blocks(.tq1): 34
        case .blocks(.tq2): 35
        case .blocks(.q1): 41
        case .blocks(.q2Group64): 42
        case .blocks(.q2Group128): 142
        case .blocks(.ptq1): 143
        case .i2s, .packedRows: 36
        case .dense(let encoding): typeID(encoding)
        }
    }

    /// Where pairs are adjacent, row 2j + s of a head is row s · headSize/2 + j of the model.
    private func rowOrder(_ role: TensorRole) -> @Sendable (Int) -> Int {
        guard description.rotaryPairing == .adjacent, role == .query || role == .key else { return { $0 } }
        let size = description.headSize
        return { row in
            let (head, place) = row.quotientAndRemainder(dividingBy: size)
            return head * size + place % 2 * (size / 2) + place / 2
        }
    }

    /// What the tokens of such models are called that stand for no text.
    var specialNames: SyntheticVocabulary.SpecialNames { family == .qwen3 ? .chatML : .llama3 }

    // MARK: Metadata

    private func metadata(_ format: SyntheticFormat) -> GGUFMetadata {
        var data = GGUFMetadata()
        data.set("general.architecture", text: family.rawValue)
        data.set("general.type", text: "model")
        data.set("general.name", text: description.name)
        data.set("general.description", text: summary)
        data.set("general.license", text: "MIT")
        data.set("general.file_type", integer: Self.fileType(format.kind))
        data.set("general.quantization_version", integer: 2)
        data.set(Self.syntheticKey, flag: true)
        addShape(&data)
        addTokenizer(&data)
        return data
    }

    /// Tells files of this kind from those of a trained model.
    static let syntheticKey = "bitnet_coord.synthetic"

    var summary: String {
        "Random ternary weights (seed \(seed)) for tests and for measuring speed; not a language model."
    }

    private func addShape(_ data: inout GGUFMetadata) {
        func key(_ name: String) -> String { "\(family.rawValue).\(name)" }
        data.set(key("vocab_size"), integer: description.vocabularySize)
        data.set(key("context_length"), integer: description.contextLength)
        data.set(key("embedding_length"), integer: description.hiddenSize)
        data.set(key("block_count"), integer: description.layerCount)
        data.set(key("feed_forward_length"), integer: description.feedForwardSize)
        data.set(key("attention.head_count"), integer: description.headCount)
        data.set(key("attention.head_count_kv"), integer: description.keyValueHeadCount)
        if description.querySize != description.hiddenSize || family == .qwen3 {
            data.set(key("attention.key_length"), integer: description.headSize)
            data.set(key("attention.value_length"), integer: description.headSize)
        }
        data.set(key("attention.layer_norm_rms_epsilon"), float: description.normEpsilon)
        data.set(key("rope.dimension_count"), integer: description.headSize)
        data.set(key("rope.freq_base"), float: description.ropeBase)
        addScales(&data, key)
        // Not in any published file, so that a reader without it has to go by the family.
        data.set(key("hidden_activation"), text: activationName)
    }

    private func addScales(_ data: inout GGUFMetadata, _ key: (String) -> String) {
        if case .yarn(let factor, let context, _, _, _) = description.rope {
            data.set(key("rope.scaling.type"), text: "yarn")
            data.set(key("rope.scaling.factor"), float: factor)
            data.set(key("rope.scaling.original_context_length"), integer: context)
        }
        guard family == .miniCPM else { return }
        data.set(key("embedding_scale"), float: description.embeddingScale)
        data.set(key("residual_scale"), float: description.residualScale)
        data.set(key("logit_scale"), float: description.logitScale)
    }

    var activationName: String { description.activation == .siLU ? "silu" : "relu2" }

    private func addTokenizer(_ data: inout GGUFMetadata) {
        let vocabulary = SyntheticVocabulary(size: description.vocabularySize, names: specialNames)
        data.set("tokenizer.ggml.model", text: "gpt2")
        data.set("tokenizer.ggml.pre", text: specialNames == .chatML ? "qwen2" : "llama-bpe")
        data.set("tokenizer.ggml.tokens", texts: vocabulary.texts + vocabulary.specials)
        data.set(
            "tokenizer.ggml.token_type",
            integers: vocabulary.texts.map { _ in Int32(Vocabulary.Kind.normal.rawValue) }
                + vocabulary.specials.map { _ in Int32(Vocabulary.Kind.control.rawValue) })
        data.set("tokenizer.ggml.merges", texts: vocabulary.merges.map { "\($0.left) \($0.right)" })
        data.set("tokenizer.ggml.bos_token_id", integer: vocabulary.beginning)
        data.set("tokenizer.ggml.eos_token_id", integer: vocabulary.end)
        data.set("tokenizer.ggml.eot_token_id", integer: vocabulary.endOfTurn)
        data.set("tokenizer.ggml.add_bos_token", flag: specialNames == .llama3)
        if let template = specialNames.chatTemplate { data.set("tokenizer.chat_template", text: template) }
    }

    /// As llama.cpp numbers them; of I2_S, as bitnet.cpp does.
    private static func fileType(_ kind: SyntheticFormat.Kind) -> Int {
        switch kind {
        case .float32: 0
        case .float16: 1
        case .bfloat16: 32
        case .tq1: 36
        case .tq2: 37
        case .i2s, .packed, .masters, .unpacked: 40
        case .q1: 41
        case .q2: 41
        case .pq2: 142
        case .ptq1: 143
        }
    }
}
