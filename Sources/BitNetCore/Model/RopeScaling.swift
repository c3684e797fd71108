// SPDX-License-Identifier: MIT

import Glibc

/// How a model stretches its rotary embedding over a longer context than it was first trained with.
///
/// θᵢ = base^(−2i/headSize) are the frequencies without it.
package enum RopeScaling: Hashable, Sendable {
    case none
    /// θᵢ/factor.
    case linear(factor: Float)
    /// Llama 3.1's: θᵢ/factor for wavelengths above originalContext/lowFrequencyFactor, θᵢ below
    /// originalContext/highFrequencyFactor, and between them a mixture that is linear in θᵢ.
    case llama3(factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float, originalContext: Int)
    /// YaRN (arXiv 2309.00071): θᵢ for pairs that turn more than betaFast times in originalContext, θᵢ/factor for those
    /// that turn less than betaSlow times, and between them a mixture that is linear in i; sine and cosine are
    /// multiplied by attentionFactor.
    case yarn(factor: Float, originalContext: Int, betaFast: Float, betaSlow: Float, attentionFactor: Float)

    /// The attention factor of YaRN where a model names none (equation 22, for both sides of the product).
    package static func attentionFactor(of factor: Float) -> Float { 1 + 0.1 * log(max(factor, 1)) }

    /// Why no model with this scaling can be run, or `nil`.
    package var invalidity: String? {
        switch self {
        case .none: nil
        case .linear(let factor): Self.notPositive([("factor", factor)])
        case .llama3(let factor, let low, let high, let context):
            Self.notPositive([("factor", factor), ("low frequency factor", low)])
                ?? (high > low && high.isFinite ? nil : "rope scaling has a high frequency factor of \(high)")
                ?? ModelDescription.outside("original context", context, Limits.contextMax)
        case .yarn(let factor, let context, let fast, let slow, let attention):
            Self.notPositive([("factor", factor), ("slow beta", slow), ("attention factor", attention)])
                ?? (fast > slow && fast.isFinite ? nil : "rope scaling has a fast beta of \(fast)")
                ?? ModelDescription.outside("original context", context, Limits.contextMax)
        }
    }

    private static func notPositive(_ numbers: [(name: String, value: Float)]) -> String? {
        numbers.first { !($0.value.isFinite && $0.value > 0) }.map {
            "rope scaling has a \($0.name) of \($0.value)"
        }
    }
}
