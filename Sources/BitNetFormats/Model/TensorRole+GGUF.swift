// SPDX-License-Identifier: MIT

import BitNetCore

extension TensorRole {
    /// The tensor's name in a GGUF file; `layer` is `nil` for the tensors outside the layers.
    func ggufName(layer: Int?) -> String {
        (layer.map { "blk.\($0)." } ?? "") + ggufStem + ".weight"
    }

    /// Some old conversions keep a matrix's scale beside it: the product is multiplied with it.
    func ggufScaleName(layer: Int) -> String { "blk.\(layer).\(ggufStem).scale" }

    private var ggufStem: String {
        switch self {
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
        }
    }
}
