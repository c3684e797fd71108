// SPDX-License-Identifier: MIT

import BitNetCore
import TestSupport

/// A BitNet of two layers that fits a few kilobytes; no width is a multiple of five.
package enum TinyModel {
    package static let hidden = 12
    package static let feedForward = 17
    package static let keyValue = 6
    package static let vocabulary = 22
    package static let layers = 2

    /// The model as a file; `llama` has no sub-norms but an output matrix of its own.
    package static func builder(_ architecture: String = "bitnet-b1.58") -> GGUFBuilder {
        let isLlama = architecture == "llama"
        var builder = GGUFBuilder()
        builder.set("general.architecture", text: architecture)
        builder.set("general.name", text: "tiny")
        builder.set("\(architecture).block_count", integer: UInt32(layers))
        builder.set("\(architecture).embedding_length", integer: UInt32(hidden))
        builder.set("\(architecture).feed_forward_length", integer: UInt32(feedForward))
        builder.set("\(architecture).context_length", integer: 64)
        builder.set("\(architecture).attention.head_count", integer: 2)
        builder.set("\(architecture).attention.head_count_kv", integer: 1)
        builder.set("\(architecture).attention.layer_norm_rms_epsilon", float: 1e-5)
        builder.set("\(architecture).rope.freq_base", float: 500_000)
        addTokenizer(&builder)
        builder.tensors.append(.init("token_embd.weight", [12, 22], 1, floats16(12 * 22, seed: 1)))
        builder.tensors.append(.init("output_norm.weight", [12], 0, gains(12)))
        if isLlama {
            builder.tensors.append(.init("output.weight", [12, 22], 1, floats16(12 * 22, seed: 2)))
        }
        for layer in 0..<layers { addLayer(layer, hasSubNorms: !isLlama, &builder) }
        return builder
    }

    private static func addLayer(_ layer: Int, hasSubNorms: Bool, _ builder: inout GGUFBuilder) {
        func gain(_ name: String, _ count: UInt64) {
            builder.tensors.append(.init("blk.\(layer).\(name).weight", [count], 0, gains(Int(count))))
        }
        func matrix(_ name: String, _ columns: UInt64, _ rows: UInt64) {
            let seed = UInt64(layer * 16 + name.utf8.count)
            builder.tensors.append(
                .init(
                    "blk.\(layer).\(name).weight", [columns, rows], 1, ternary16(columns * rows, seed: seed)))
        }
        gain("attn_norm", 12)
        matrix("attn_q", 12, 12)
        matrix("attn_k", 12, 6)
        matrix("attn_v", 12, 6)
        if hasSubNorms { gain("attn_sub_norm", 12) }
        matrix("attn_output", 12, 12)
        gain("ffn_norm", 12)
        matrix("ffn_gate", 12, 17)
        matrix("ffn_up", 12, 17)
        if hasSubNorms { gain("ffn_sub_norm", 17) }
        matrix("ffn_down", 17, 12)
    }

    package static func addTokenizer(_ builder: inout GGUFBuilder) {
        let tokens = (0..<20).map { String(UnicodeScalar(UInt8(97 + $0))) } + ["ab", "<|eot_id|>"]
        builder.set("tokenizer.ggml.model", text: "gpt2")
        builder.set("tokenizer.ggml.pre", text: "llama-bpe")
        builder.set("tokenizer.ggml.tokens", texts: tokens)
        builder.set("tokenizer.ggml.token_type", integers: [Int32](repeating: 1, count: 21) + [3])
        builder.set("tokenizer.ggml.merges", texts: ["a b"])
        builder.set("tokenizer.ggml.bos_token_id", integer: 21)
        builder.set("tokenizer.ggml.eos_token_id", integer: 21)
    }

    package static func gains(_ count: Int) -> [UInt8] {
        (0..<count).flatMap { littleEndian((1 + Float($0) / 8).bitPattern) }
    }

    package static func floats16(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).flatMap { _ in
            littleEndian(Float16(Float.random(in: -1...1, using: &random)).bitPattern)
        }
    }

    /// Weights −0.5, 0, +0.5 in f16.
    package static func ternary16(_ count: UInt64, seed: UInt64) -> [UInt8] {
        trits(Int(count), seed: seed).flatMap { littleEndian((Float16($0) / 2).bitPattern) }
    }

    package static func trits(_ count: Int, seed: UInt64) -> [Int8] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Int8.random(in: -1...1, using: &random) }
    }
}
