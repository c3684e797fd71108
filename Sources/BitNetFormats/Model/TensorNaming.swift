// SPDX-License-Identifier: MIT

package import BitNetCore

/// What a container calls the tensors of a model.
package enum TensorNaming: Sendable {
    case gguf
    case huggingFace

    /// The names that a tensor may have; `layer` is `nil` for the tensors outside the layers.
    package func names(of role: TensorRole, layer: Int?) -> [String] {
        switch self {
        case .gguf: [Self.ggufName(of: role, layer: layer)]
        case .huggingFace:
            Self.huggingFaceStems(role).map { (layer.map { "model.layers.\($0)." } ?? "") + $0 + ".weight" }
        }
    }

    /// The name in a GGUF, which has one for each.
    package static func ggufName(of role: TensorRole, layer: Int?) -> String {
        (layer.map { "blk.\($0)." } ?? "") + ggufStem(role) + ".weight"
    }

    /// The name of a matrix's scale where that is a tensor of its own.
    package func scaleName(of role: TensorRole, layer: Int) -> String? {
        switch self {
        case .gguf: "blk.\(layer).\(Self.ggufStem(role)).scale"
        case .huggingFace:
            Self.huggingFaceStems(role).first.map { "model.layers.\(layer).\($0).weight_scale" }
        }
    }

    /// Whether a tensor takes part in a layer.
    package func isOfLayer(_ name: String) -> Bool {
        switch self {
        case .gguf: name.hasPrefix("blk.")
        case .huggingFace: name.hasPrefix("model.layers.") && !name.hasSuffix("rotary_emb.inv_freq")
        }
    }

    private static func ggufStem(_ role: TensorRole) -> String {
        switch role {
        case .embedding: "token_embd"
        case .outputNorm: "output_norm"
        case .head: "output"
        case .attentionNorm: "attn_norm"
        case .query: "attn_q"
        case .key: "attn_k"
        case .value: "attn_v"
        case .attentionSubNorm: "attn_sub_norm"
        case .attentionOutput: "attn_output"
        case .feedForwardNorm: "ffn_norm"
        case .gate: "ffn_gate"
        case .up: "ffn_up"
        case .feedForwardSubNorm: "ffn_sub_norm"
        case .down: "ffn_down"
        case .queryNorm: "attn_q_norm"
        case .keyNorm: "attn_k_norm"
        }
    }

    /// Microsoft's name first, 1bitLLM's second where they differ.
    private static func huggingFaceStems(_ role: TensorRole) -> [String] {
        switch role {
        case .embedding: ["model.embed_tokens"]
        case .outputNorm: ["model.norm"]
        case .head: ["lm_head"]
        case .attentionNorm: ["input_layernorm"]
        case .query: ["self_attn.q_proj"]
        case .key: ["self_attn.k_proj"]
        case .value: ["self_attn.v_proj"]
        case .attentionSubNorm: ["self_attn.attn_sub_norm", "self_attn.inner_attn_ln"]
        case .attentionOutput: ["self_attn.o_proj"]
        case .feedForwardNorm: ["post_attention_layernorm"]
        case .gate: ["mlp.gate_proj"]
        case .up: ["mlp.up_proj"]
        case .feedForwardSubNorm: ["mlp.ffn_sub_norm", "mlp.ffn_layernorm"]
        case .down: ["mlp.down_proj"]
        case .queryNorm: ["self_attn.q_norm"]
        case .keyNorm: ["self_attn.k_norm"]
        }
    }
}
