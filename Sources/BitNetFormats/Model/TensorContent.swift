// SPDX-License-Identifier: MIT

package import BitNetCore

/// What can be made of a stored tensor's bytes.
package enum TensorContent: Equatable, Sendable {
    /// Floats or blocks of quantised values, the same bytes as in a part file.
    case table(TensorEncoding)
    case ternary(TernaryEncoding)
    /// Not used by this program, with what a person can do about it.
    case unreadable(remedy: String)

    var isTable: Bool { if case .table = self { true } else { false } }
}

/// How a model file writes trits.
package enum TernaryEncoding: Equatable, Sendable {
    /// Blocks of trits with an f16 scale each.
    case blocks(TernaryBlock)
    /// bitnet.cpp's I2_S: two bits a trit and one f32 scale behind the tensor.
    case i2s(I2SLayout)
    /// Two bits a trit, four rows to a byte; the scale is a tensor of its own (Hugging Face).
    case packedRows
}

/// The order of I2_S codes, of which a file does not say which it has.
package enum I2SLayout: String, CaseIterable, Sendable {
    /// Blocks of 128 in 32 bytes: what x86 builds write, and every published file has.
    case a
    /// Blocks of 64 in 16 bytes: written by ARM builds of November 2025 and later.
    case b
    /// Four rows to a byte: written by x86 builds without `ACT_PARALLEL`.
    case c

    /// Bytes of one block; `nil` where rows are not stored in blocks.
    var blockByteCount: Int? {
        switch self {
        case .a: 32
        case .b: 16
        case .c: nil
        }
    }
}
