// SPDX-License-Identifier: MIT

/// How products with ternary matrices are computed.
///
/// Every mode gives the same bits.
package enum KernelMode: String, CaseIterable, Sendable {
    /// One token add-only, and from how many tokens on the dot product is faster is tried out.
    case auto
    /// Additions, subtractions, selections and table look-ups, no multiplication of weights anywhere.
    case addOnly = "add-only"
    /// The processor's int8 dot product, even for a single token.
    case dot8
}
