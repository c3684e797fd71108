// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
package import BitNetSynthesis
import TestSupport

/// A Qwen3 of two layers with a scale for every 128 weights, the same in every type that can hold it.
package enum GroupModel {
    package enum Storage: String, CaseIterable, Sendable {
        case q2, oldQ2, pq2, ptq1, float16, bfloat16, float32

        /// In a GGUF.
        package var id: UInt32 {
            switch self {
            case .q2, .oldQ2: 42
            case .pq2: 142
            case .ptq1: 143
            case .float16: 1
            case .bfloat16: 30
            case .float32: 0
            }
        }

        package var storage: TernaryStorage {
            switch self {
            case .q2: .blocks(.q2Group64)
            case .oldQ2, .pq2: .blocks(.q2Group128)
            case .ptq1: .blocks(.ptq1)
            case .float16: .dense(.float16)
            case .bfloat16: .dense(.bfloat16)
            case .float32: .dense(.float32)
            }
        }
    }

    package static let hidden = 256
    package static let feedForward = 512
    package static let headSize = 128
    package static let vocabulary = 22
    package static let group = 128

    /// Rows and columns of the ternary tensors by name.
    package static func matrices(layer: Int) -> [(name: String, rows: Int, columns: Int)] {
        [
            ("attn_q", 256, 256), ("attn_k", 128, 256), ("attn_v", 128, 256), ("attn_output", 256, 256),
            ("ffn_gate", 512, 256), ("ffn_up", 512, 256), ("ffn_down", 256, 512),
        ].map { ("blk.\(layer).\($0).weight", $1, $2) }
    }

    /// Codes of a row; a group of the fourth one is of zeros.
    package static func codes(_ name: String, row: Int, columns: Int) -> [UInt8] {
        let seed = name.utf8.reduce(UInt64(row)) { $0 &* 31 &+ UInt64($1) }
        let codes = TinyModel.trits(columns, seed: seed).map { UInt8($0 + 1) }
        return row == 3 ? [UInt8](repeating: 1, count: group) + codes[group...] : codes
    }

    /// Exact in every type.
    package static func scales(_ name: String, row: Int, columns: Int) -> [Float] {
        (0..<columns / group).map { Float(4 + (row * 7 + $0 * 3 + name.utf8.count) % 4) / 256 }
    }

    package static func data(_ name: String, rows: Int, columns: Int, _ storage: TernaryStorage) -> [UInt8] {
        (0..<rows).flatMap { row in
            encoded(
                codes(name, row: row, columns: columns), scales(name, row: row, columns: columns), storage)
        }
    }

    package static func encoded(_ codes: [UInt8], _ scales: [Float], _ storage: TernaryStorage) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: storage.unitByteCount(columns: codes.count))
        codes.withUnsafeBufferPointer { codes in
            bytes.withUnsafeMutableBytes { bytes in
                guard let codesBase = codes.baseAddress, let base = bytes.baseAddress else { return }
                storage.encode(codesBase, columns: codes.count, scales: scales, into: base)
            }
        }
        return bytes
    }

    /// The model as a file; the embedding is ternary too, and the head.
    package static func builder(
        _ storage: Storage = .pq2, architecture: String = "qwen3", isTied: Bool = true, layers: Int = 2
    ) -> GGUFBuilder {
        var builder = GGUFBuilder()
        func key(_ name: String) -> String { "\(architecture).\(name)" }
        builder.set("general.architecture", text: architecture)
        builder.set("general.name", text: "groups")
        builder.set(key("block_count"), integer: UInt32(layers))
        builder.set(key("embedding_length"), integer: UInt32(hidden))
        builder.set(key("feed_forward_length"), integer: UInt32(feedForward))
        builder.set(key("context_length"), integer: 256)
        builder.set(key("attention.head_count"), integer: 2)
        builder.set(key("attention.head_count_kv"), integer: 1)
        builder.set(key("attention.key_length"), integer: UInt32(headSize))
        builder.set(key("attention.value_length"), integer: UInt32(headSize))
        builder.set(key("attention.layer_norm_rms_epsilon"), float: 1e-6)
        builder.set(key("rope.freq_base"), float: 1_000_000)
        TinyModel.addTokenizer(&builder)
        func matrix(_ name: String, _ rows: Int, _ columns: Int) {
            builder.tensors.append(
                .init(
                    name, [UInt64(columns), UInt64(rows)], storage.id,
                    data(name, rows: rows, columns: columns, storage.storage)))
        }
        func gain(_ name: String, _ count: Int) {
            builder.tensors.append(.init(name, [UInt64(count)], 0, TinyModel.gains(count)))
        }
        matrix("token_embd.weight", vocabulary, hidden)
        if !isTied { matrix("output.weight", vocabulary, hidden) }
        gain("output_norm.weight", hidden)
        for layer in 0..<layers {
            gain("blk.\(layer).attn_norm.weight", hidden)
            gain("blk.\(layer).ffn_norm.weight", hidden)
            if architecture == "qwen3" {
                gain("blk.\(layer).attn_q_norm.weight", headSize)
                gain("blk.\(layer).attn_k_norm.weight", headSize)
            }
            for (name, rows, columns) in matrices(layer: layer) { matrix(name, rows, columns) }
        }
        return builder
    }
}
