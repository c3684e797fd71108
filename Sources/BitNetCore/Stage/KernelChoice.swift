// SPDX-License-Identifier: MIT

/// The instruction sets that an operator can name.
package enum KernelChoice: String, CaseIterable, Sendable {
    /// The fastest that this processor can run.
    case auto
    case scalar
    case avx2
    /// AVX-512 without VBMI.
    case avx512bw
    case avx512
    case neon
    /// NEON with the dot product of ARMv8.2.
    case neonDot = "neon-dot"
}
