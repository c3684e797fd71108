// SPDX-License-Identifier: MIT

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
    /// A row as in ``t5``, and behind it its scale (f32).
    case t5Rows = 8
    /// A row's groups of 64 trits as in ``t5``, each filled up with zero weights to an even number of bytes, and behind
    /// all of them their scales (f16) in the same order.
    case t5Group64Half = 9
    case t5Group128Half = 10
    case t5Group256Half = 11
    /// As ``t5Group64Half``, with scales in f32.
    case t5Group64 = 12
    case t5Group128 = 13
    case t5Group256 = 14

    /// Values that are written together; a row is whole blocks, but for T5 without groups, which pads its last byte.
    package var blockElementCount: Int {
        switch self {
        case .t5, .t5Rows, .float32, .float16, .bfloat16: 1
        case .q8Zero, .q4Zero: 32
        case .q4K, .q6K: 256
        case .t5Group64Half, .t5Group64: 64
        case .t5Group128Half, .t5Group128: 128
        case .t5Group256Half, .t5Group256: 256
        }
    }

    /// Whether rows of `columns` values can be written so.
    package func divides(columns: Int) -> Bool { columns.isMultiple(of: blockElementCount) }

    /// Bytes that one row of `columns` values takes.
    ///
    /// - Precondition: the columns are whole blocks.
    package func rowByteCount(columns: Int) -> Int {
        switch self {
        case .t5, .t5Rows: (columns + 4) / 5 + scaleByteCount
        case .float32: columns * 4
        case .float16, .bfloat16: columns * 2
        case .q8Zero: columns / 32 * 34
        case .q4Zero: columns / 32 * 18
        case .q4K: columns / 256 * 144
        case .q6K: columns / 256 * 210
        case .t5Group64Half, .t5Group128Half, .t5Group256Half, .t5Group64, .t5Group128, .t5Group256:
            columns / blockElementCount * (groupByteCount + scaleByteCount)
        }
    }
}

/// Trits and their scales.
extension TensorEncoding {
    /// Whether the values are trits with scales.
    package var isTernary: Bool { self == .t5 || hasScalesInRows }

    /// Whether each row holds its scales, so that the tensor's own is 1.
    package var hasScalesInRows: Bool { scaleByteCount > 0 }

    /// Trits along a row that share a scale; `nil` where all of a row do.
    package var scaleGroup: Int? {
        switch self {
        case .t5Group64Half, .t5Group128Half, .t5Group256Half, .t5Group64, .t5Group128, .t5Group256:
            blockElementCount
        default: nil
        }
    }

    /// Bytes of one scale within a row; 0 where rows hold none.
    package var scaleByteCount: Int {
        switch self {
        case .t5Rows, .t5Group64, .t5Group128, .t5Group256: 4
        case .t5Group64Half, .t5Group128Half, .t5Group256Half: 2
        default: 0
        }
    }

    /// Bytes of one group's trits: 14, 26 or 52; 0 without groups.
    package var groupByteCount: Int { scaleGroup.map { (($0 + 4) / 5).roundedUp(to: 2) } ?? 0 }

    /// The encoding with a scale for every `group` trits of a row.
    ///
    /// - Returns: `nil` unless the group is one of 64, 128 and 256.
    package init?(scaleGroup group: Int, isHalf: Bool) {
        let found = Self.allCases.first { $0.scaleGroup == group && ($0.scaleByteCount == 2) == isHalf }
        guard let found else { return nil }
        self = found
    }
}
