// SPDX-License-Identifier: MIT

import TestSupport

/// SplitMix64: the same numbers from the same seed on every machine.
struct MutationGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `bytes` with one to three edits: a byte changed, removed or inserted, or the end cut off.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var mutated = bytes
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            let index = Int.random(in: 0...mutated.count, using: &self)
            switch Int.random(in: 0..<8, using: &self) {
            case 0..<4 where index < mutated.count: mutated[index] = .random(in: 0...255, using: &self)
            case 4 where index < mutated.count: mutated[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 5 where index < mutated.count: mutated.remove(at: index)
            case 6: mutated.removeLast(mutated.count - index)
            default: mutated.insert(.random(in: 0...255, using: &self), at: index)
            }
        }
        return mutated
    }
}
