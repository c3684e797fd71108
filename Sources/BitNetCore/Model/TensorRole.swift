// SPDX-License-Identifier: MIT

/// What a tensor does in the forward pass.
///
/// Raw values are part of the part-file format.
package enum TensorRole: UInt8, CaseIterable, Sendable {
    case embedding = 0
    case outputNorm = 1
    case head = 2

    case attentionNorm = 16
    case query = 17
    case key = 18
    case value = 19
    case attentionSubNorm = 20
    case attentionOutput = 21
    case feedForwardNorm = 22
    case gate = 23
    case up = 24
    case feedForwardSubNorm = 25
    case down = 26
}

/// How a tensor's values are written in a part file.
///
/// Raw values are part of the part-file format.
package enum TensorEncoding: UInt8, CaseIterable, Sendable {
    /// Five trits a byte, Σ (tᵢ+1)·3ⁱ, row by row; each row ends on a byte, padded with zero weights.
    case t5 = 0
    case float32 = 1
    case float16 = 2
    case bfloat16 = 3
    /// ggml's Q8_0: blocks of 32 bytes with an f16 scale.
    case q80 = 4
    /// ggml's Q4_0: blocks of 32 half bytes with an f16 scale.
    case q40 = 5
    /// ggml's Q4_K: blocks of 256 half bytes with scales and minima for each 32.
    case q4k = 6
    /// ggml's Q6_K: blocks of 256 values of six bits with a scale for each 16.
    case q6k = 7

    /// Bytes that one row of `columns` values takes.
    package func rowByteCount(columns: Int) -> Int {
        switch self {
        case .t5: (columns + 4) / 5
        case .float32: columns * 4
        case .float16, .bfloat16: columns * 2
        case .q80: columns / 32 * 34
        case .q40: columns / 32 * 18
        case .q4k: columns / 256 * 144
        case .q6k: columns / 256 * 210
        }
    }

    /// Values that are stored together; a row has a multiple of them.
    package var blockElementCount: Int {
        switch self {
        case .t5, .float32, .float16, .bfloat16: 1
        case .q80, .q40: 32
        case .q4k, .q6k: 256
        }
    }
}
