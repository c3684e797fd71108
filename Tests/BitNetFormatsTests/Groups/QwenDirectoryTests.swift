// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import TestSupport
import Testing

/// Hugging Face directories of dense weights that are ternary by group.
@Suite struct QwenDirectoryTests {
    private static let config = """
        {"architectures": ["Qwen3ForCausalLM"], "hidden_size": 256, "intermediate_size": 512,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 128,
        "vocab_size": 22, "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "rope_theta": 1000000,
        "hidden_act": "silu", "tie_word_embeddings": true, "attention_bias": false,
        "use_sliding_window": false, "rope_scaling": ROPE}
        """

    /// The tensors of the GGUF model under the names of Transformers.
    private static func tensors(
        _ storage: GroupModel.Storage
    ) -> [(name: String, shape: [Int], bytes: [UInt8])] {
        func matrix(_ gguf: String, _ name: String, _ rows: Int, _ columns: Int) -> (String, [Int], [UInt8]) {
            (name, [rows, columns], GroupModel.data(gguf, rows: rows, columns: columns, storage.storage))
        }
        var tensors = [matrix("token_embd.weight", "model.embed_tokens.weight", 22, 256)]
        let names = [
            "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
            "mlp.up_proj", "mlp.down_proj",
        ]
        for layer in 0..<2 {
            for ((gguf, rows, columns), name) in zip(GroupModel.matrices(layer: layer), names) {
                tensors.append(matrix(gguf, "model.layers.\(layer).\(name).weight", rows, columns))
            }
        }
        return tensors
    }

    private func directory(
        _ storage: GroupModel.Storage = .bfloat16, rope: String = "null", config: String = config,
        hasHeadNorms: Bool = true
    ) async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(config.replacing("ROPE", with: rope), to: "config.json")
        let type: SafeTensorsWriter.ElementType =
            storage == .float32 ? .float32 : storage == .float16 ? .float16 : .bfloat16
        var tensors = Self.tensors(storage).map {
            SafeTensorsWriter.Tensor(
                $0.name, shape: $0.shape, type: type, stream: TensorStream(bytes: $0.bytes))
        }
        func gain(_ name: String, _ count: Int) {
            tensors.append(
                .init(
                    "model.\(name).weight", shape: [count], type: .float32,
                    stream: TensorStream(bytes: TinyModel.gains(count))))
        }
        gain("norm", 256)
        for layer in 0..<2 {
            gain("layers.\(layer).input_layernorm", 256)
            gain("layers.\(layer).post_attention_layernorm", 256)
            guard hasHeadNorms else { continue }
            gain("layers.\(layer).self_attn.q_norm", 128)
            gain("layers.\(layer).self_attn.k_norm", 128)
        }
        let files = SafeTensorsWriter.files(directory: folder.path, tensors: tensors, parts: 1)
        try await ModelOutput(files: files).write(overwrites: false, threads: 1)
        return folder
    }

    @Test(arguments: [GroupModel.Storage.bfloat16, .float16, .float32])
    func `a directory gives the parts of the GGUF file`(storage: GroupModel.Storage) async throws {
        let folder = try await directory(storage)
        let model = try ModelFile(path: folder.path)
        let gguf = try openModel(GroupModel.builder(.ptq1).bytes)
        var description = model.description
        description.name = gguf.description.name
        #expect(description == gguf.description)
        for kind in ModelFile.kinds(of: model.description) {
            #expect(try model.pack(kind).reference.digest == gguf.pack(kind).reference.digest, "\(kind)")
        }
    }

    @Test func `rope scalings of all known kinds are read`() async throws {
        let attention = RopeScaling.attentionFactor(of: 4)
        let cases: [(String, RopeScaling)] = [
            (#"{"rope_type": "default"}"#, .none),
            (#"{"type": "linear", "factor": 2.0}"#, .linear(factor: 2)),
            (
                #"{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}"#,
                .yarn(
                    factor: 4, originalContext: 64, betaFast: 32, betaSlow: 1, attentionFactor: attention)
            ),
            (
                #"{"rope_type": "yarn", "factor": 4, "beta_fast": 16, "beta_slow": 2, "attention_factor": 1.5}"#,
                .yarn(factor: 4, originalContext: 256, betaFast: 16, betaSlow: 2, attentionFactor: 1.5)
            ),
            (
                #"{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "#
                    + #""original_max_position_embeddings": 8192}"#,
                .llama3(
                    factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192)
            ),
        ]
        for (text, expected) in cases {
            let folder = try await directory(rope: text)
            #expect(try ModelFile(path: folder.path).description.rope == expected, "\(text)")
        }
    }

    @Test(
        arguments: [
            #"{"rope_type": "longrope", "factor": 4}"#, #"{"rope_type": "dynamic", "factor": 4}"#,
            #"{"rope_type": "yarn"}"#, #"{"rope_type": "yarn", "factor": 4, "truncate": false}"#,
            #"{"rope_type": "yarn", "factor": 4, "mscale": 1}"#, #"{"rope_type": "llama3", "factor": 8}"#,
            #"{"partial_rotary_factor": 0.5}"#,
        ])
    func `a rope scaling that is not known is refused by name`(rope: String) async throws {
        let folder = try await directory(rope: rope)
        let error = #expect(throws: ModelFileError.self) { try ModelFile(path: folder.path) }
        #expect(error?.code == .unsupportedRope && error?.subject == "rope_scaling")
    }

    @Test func `attention over a window is refused`() async throws {
        let config = Self.config.replacing(
            "\"use_sliding_window\": false", with: "\"use_sliding_window\": true")
        let folder = try await directory(config: config)
        let error = #expect(throws: ModelFileError.self) { try ModelFile(path: folder.path) }
        #expect(error?.code == .invalidModel && error?.subject == "use_sliding_window")
    }

    @Test func `MiniCPM's multipliers come from three keys`() async throws {
        let config = Self.config.replacing("Qwen3ForCausalLM", with: "MiniCPMForCausalLM").replacing(
            "\"head_dim\"",
            with: "\"scale_emb\": 12, \"scale_depth\": 1.4, \"dim_model_base\": 64, \"head_dim\"")
        let folder = try await directory(config: config, hasHeadNorms: false)
        let model = try ModelFile(path: folder.path).description
        #expect(model.embeddingScale == 12 && model.logitScale == 4)
        #expect(model.residualScale == Float(1.4) / Float(2).squareRoot())
        #expect(!model.hasHeadNorms && model.activationGroup == 128 && model.rotaryPairing == .halves)
        // The norms of heads are of Qwen3.
        let other = try await directory(config: config)
        let error = #expect(throws: ModelFileError.self) { try ModelFile(path: other.path) }
        #expect(error?.code == .unexpectedTensor && error?.subject?.hasSuffix("_norm.weight") == true)
    }
}
