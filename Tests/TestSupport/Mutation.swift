// SPDX-License-Identifier: MIT

/// Changes one to four bytes of `bytes[range]`, with a liking for extreme values.
package func mutate(_ bytes: inout [UInt8], _ range: Range<Int>, _ random: inout SeededRandom) {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        let position = Int.random(in: range, using: &random)
        switch UInt8.random(in: 0...3, using: &random) {
        case 0: bytes[position] = 0
        case 1: bytes[position] = 0xFF
        case 2: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
        default: bytes[position] = UInt8.random(in: 0...255, using: &random)
        }
    }
}
