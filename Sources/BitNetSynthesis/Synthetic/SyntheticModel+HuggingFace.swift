// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

extension SyntheticModel {
    /// The directory as a checkpoint of the family is published.
    func directory(_ format: SyntheticFormat, path: String, parts: Int) -> ModelOutput {
        let vocabulary = SyntheticVocabulary(size: description.vocabularySize, names: specialNames)
        let documents = [
            ("config.json", config(format, vocabulary)), ("generation_config.json", generation(vocabulary)),
            ("tokenizer.json", vocabulary.tokenizerJSON),
            ("tokenizer_config.json", vocabulary.tokenizerConfig),
        ]
        let files = documents.map { name, value in
            FileImage(path: "\(path)/\(name)", header: Array((value.encoded + "\n").utf8))
        }
        let weights = tensors.flatMap { stored($0, format) }
        return ModelOutput(
            directory: path,
            files: files + SafeTensorsWriter.files(directory: path, tensors: weights, parts: parts))
    }

    // MARK: Tensors

    private func stored(_ tensor: SyntheticTensor, _ format: SyntheticFormat) -> [SafeTensorsWriter.Tensor] {
        let floats = Self.elementType(format.floats)
        let name = huggingFaceName(tensor)
        let shape = tensor.form == .gains ? [tensor.columns] : [tensor.rows, tensor.columns]
        if format.kind == .unpacked, tensor.isTernary, let storage = format.storage {
            return [.init(name, shape: shape, type: floats, stream: tensor.stream(storage))]
        }
        switch (tensor.form, format.kind) {
        case (.ternary, .packed):
            return [
                .init(
                    name, shape: [tensor.rows / 4, tensor.columns], type: .uint8,
                    stream: tensor.stream(.packedRows)),
                .init(
                    name + "_scale", shape: [1], type: floats,
                    stream: TensorStream(
                        bytes: Self.bytes(scaleDivides ? 1 / tensor.scale : tensor.scale, format.floats))),
            ]
        case (.ternary, _):
            return [
                .init(
                    name, shape: shape, type: floats, stream: tensor.masterStream(format.floats))
            ]
        case (.gains, _), (.table, _):
            return [.init(name, shape: shape, type: floats, stream: tensor.stream(format.floats))]
        }
    }

    /// Llama-shaped checkpoints keep the reciprocal (`bitlinear`), the others the scale (`autobitlinear`).
    private var scaleDivides: Bool { family == .llama }

    private static func elementType(_ encoding: TensorEncoding) -> SafeTensorsWriter.ElementType {
        encoding == .float32 ? .float32 : encoding == .float16 ? .float16 : .bfloat16
    }

    private static func bytes(_ value: Float, _ encoding: TensorEncoding) -> [UInt8] {
        var bytes: [UInt8] = []
        switch encoding {
        case .float32: bytes.append(littleEndian: value)
        case .float16: bytes.append(littleEndian: Float16(value).bitPattern)
        default: bytes.append(littleEndian: BFloat16.bits(value))
        }
        return bytes
    }

    private func huggingFaceName(_ tensor: SyntheticTensor) -> String {
        let names = TensorNaming.huggingFace.names(of: tensor.role, layer: tensor.layer)
        // 1bitLLM's names are the second ones.
        return (family == .bitnet ? names.last : names.first) ?? ""
    }

    // MARK: Documents

    private func config(_ format: SyntheticFormat, _ vocabulary: SyntheticVocabulary) -> JSONValue {
        let (architecture, type) =
            switch family {
            case .bitnetB158, .bitnet25: ("BitNetForCausalLM", "bitnet")
            case .bitnet: ("BitnetForCausalLM", "llama")
            case .llama: ("LlamaForCausalLM", "llama")
            case .qwen3: ("Qwen3ForCausalLM", "qwen3")
            case .miniCPM: ("MiniCPMForCausalLM", "minicpm")
            }
        var members: [(key: String, value: JSONValue)] = [
            ("_name_or_path", .text(description.name)), ("bitnet_coord_synthetic", .flag(true)),
            ("bitnet_coord_description", .text(summary)), ("architectures", .list([.text(architecture)])),
            ("model_type", .text(type)), ("hidden_size", .integer(description.hiddenSize)),
            ("intermediate_size", .integer(description.feedForwardSize)),
            ("num_hidden_layers", .integer(description.layerCount)),
            ("num_attention_heads", .integer(description.headCount)),
            ("num_key_value_heads", .integer(description.keyValueHeadCount)),
            ("head_dim", .integer(description.headSize)),
            ("vocab_size", .integer(description.vocabularySize)),
            ("max_position_embeddings", .integer(description.contextLength)),
            ("rms_norm_eps", Self.number(description.normEpsilon)),
            ("rope_theta", Self.number(description.ropeBase)),
            ("rope_scaling", ropeScaling), ("hidden_act", .text(activationName)),
            ("attention_bias", .flag(false)),
            ("tie_word_embeddings", .flag(description.hasTiedHead)),
            ("bos_token_id", .integer(vocabulary.beginning)),
            ("eos_token_id", .integer(vocabulary.end)), ("use_cache", .flag(true)),
            ("torch_dtype", .text(Self.typeName(format.floats))),
        ]
        if family == .bitnet { members += [("weight_bits", .integer(1)), ("input_bits", .integer(8))] }
        if family == .miniCPM {
            let depth = description.residualScale * Float(description.layerCount).squareRoot()
            members += [
                ("scale_emb", Self.number(description.embeddingScale)), ("scale_depth", Self.number(depth)),
                ("dim_model_base", .integer(Int(Float(description.hiddenSize) / description.logitScale))),
            ]
        }
        // Weights that are ternary as they are have nobody to unpack them.
        if !family.isWeightOnly { members.append(("quantization_config", quantization(format))) }
        return .object(members)
    }

    private var ropeScaling: JSONValue {
        guard case .yarn(let factor, let context, _, _, _) = description.rope else { return .null }
        return .object([
            ("rope_type", .text("yarn")), ("factor", Self.number(factor)),
            ("original_max_position_embeddings", .integer(context)),
        ])
    }

    private func quantization(_ format: SyntheticFormat) -> JSONValue {
        let isOnline = format.kind == .masters
        return .object([
            ("quant_method", .text("bitnet")),
            ("linear_class", .text(scaleDivides && !isOnline ? "bitlinear" : "autobitlinear")),
            ("quantization_mode", .text(isOnline ? "online" : "offline")),
            ("modules_to_not_convert", .list([.text("lm_head")])),
        ])
    }

    private func generation(_ vocabulary: SyntheticVocabulary) -> JSONValue {
        .object([
            ("bos_token_id", .integer(vocabulary.beginning)),
            ("eos_token_id", .list([.integer(vocabulary.end), .integer(vocabulary.endOfTurn)])),
        ])
    }

    /// The shortest decimal that means the same float, not that float's own digits.
    private static func number(_ value: Float) -> JSONValue { .optional(Double("\(value)")) }

    private static func typeName(_ encoding: TensorEncoding) -> String {
        encoding == .float32 ? "float32" : encoding == .float16 ? "float16" : "bfloat16"
    }
}
