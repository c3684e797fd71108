// SPDX-License-Identifier: MIT
import BitNetCore

/// A model in which every token depends on every bit that came before it.
///
/// A layer's state is a hash over its inputs, one value for each position, and the next token is a hash of what the last
/// layer says. So a token that is lost, repeated or in another place, rows of another sequence or of earlier stages,
/// change all that follows.
enum ToyModel {
    static let vocabulary: UInt32 = 97

    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    static func embed(_ token: UInt32, at position: UInt32) -> UInt64 {
        mix(UInt64(token) << 32 | UInt64(position))
    }

    /// One layer at one position, after what it holds of those before.
    static func layer(_ index: Int, _ input: UInt64, after state: UInt64) -> UInt64 {
        mix(input ^ state.byteSwapped &+ UInt64(clamping: index))
    }

    /// What the last stage returns.
    ///
    /// - Parameters:
    ///   - output: of the last layer.
    ///   - generated: what penalties look at.
    static func result(
        of entry: StepEntry, _ output: UInt64, _ sampling: SamplingParameters,
        generated: ArraySlice<UInt32>
    ) -> StepResult? {
        var drawn = mix(output ^ sampling.seed &* 31)
        if sampling.presencePenalty != 0 {
            for token in generated { drawn = mix(drawn ^ UInt64(token)) }
        }
        let token: UInt32
        switch entry.output {
        case .none: return nil
        case .sample: token = UInt32(truncatingIfNeeded: drawn % UInt64(vocabulary))
        case .score(let target): token = target
        }
        let alternatives = (0..<sampling.alternativeCount).map { index in
            TokenScore(
                token: UInt32(truncatingIfNeeded: (output &+ UInt64(index)) % UInt64(vocabulary)),
                logProbability: -Float(index))
        }
        return StepResult(
            slot: entry.slot, position: entry.position, token: token,
            logProbability: -Float(mix(output ^ UInt64(token)) % 1024), alternatives: alternatives)
    }
}
