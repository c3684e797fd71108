// SPDX-License-Identifier: MIT

/// Random numbers that are a function of (seed, counter): nothing to carry along, nothing to lose when a
/// sequence moves to another worker and is replayed.
///
/// The finaliser and the increment are those of SplitMix64 (Steele, Lea, Flood: Fast splittable
/// pseudorandom number generators, OOPSLA 2014). Hashing the seed first keeps streams of neighbouring
/// seeds apart.
package enum CounterRandom {
    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// 64 uniform bits: output `counter` of the SplitMix64 stream that starts at hash(seed).
    package static func bits(seed: UInt64, counter: UInt64) -> UInt64 {
        mix(mix(seed &+ increment) &+ (counter &+ 1) &* increment)
    }

    /// Outputs 0, 1, 2, … of the stream of `seed`, as ``bits(seed:counter:)`` gives them one by one.
    package static func fill(_ words: UnsafeMutableBufferPointer<UInt64>, seed: UInt64) {
        var state = mix(seed &+ increment)
        for index in words.indices {
            state &+= increment
            words[index] = mix(state)
        }
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    package static func uniform(seed: UInt64, counter: UInt64) -> Double {
        Double(bits(seed: seed, counter: counter) >> 11) * 0x1p-53
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
