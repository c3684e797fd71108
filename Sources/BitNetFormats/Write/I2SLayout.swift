// SPDX-License-Identifier: MIT

/// The order of I2_S codes, of which a file does not say which it has.
package enum I2SLayout: String, CaseIterable, Sendable {
    /// Blocks of 128 in 32 bytes: what x86 builds write, and every published file has.
    case a
    /// Blocks of 64 in 16 bytes: written by ARM builds of November 2025 and later.
    case b
    /// Four rows to a byte: written by x86 builds without `ACT_PARALLEL`.
    case c
}
