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
    /// ggml's Q8_0: f16 scale and 32 int8.
    case q8Zero = 4
    /// ggml's Q4_0: f16 scale and 32 four-bit integers.
    case q4Zero = 5
    /// ggml's Q4_K: 256 four-bit integers in eight groups, with scales and offsets.
    case q4K = 6
    /// ggml's Q6_K: 256 six-bit integers in sixteen groups, with scales.
    case q6K = 7

    /// Values that are written together; a row is whole blocks, but for T5, which pads its last byte.
    package var blockElementCount: Int {
        switch self {
        case .t5, .float32, .float16, .bfloat16: 1
        case .q8Zero, .q4Zero: 32
        case .q4K, .q6K: 256
        }
    }

    /// Whether rows of `columns` values can be written so.
    package func divides(columns: Int) -> Bool { columns.isMultiple(of: blockElementCount) }

    /// Bytes that one row of `columns` values takes.
    ///
    /// - Precondition: the columns are whole blocks.
    package func rowByteCount(columns: Int) -> Int {
        switch self {
        case .t5: (columns + 4) / 5
        case .float32: columns * 4
        case .float16, .bfloat16: columns * 2
        case .q8Zero: columns / 32 * 34
        case .q4Zero: columns / 32 * 18
        case .q4K: columns / 256 * 144
        case .q6K: columns / 256 * 210
        }
    }
}
