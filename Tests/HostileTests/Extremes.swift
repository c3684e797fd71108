// SPDX-License-Identifier: MIT
import TestSupport

/// Values at which programs break: ends of types, bounds of the protocol and their neighbours, and any others.
enum Extremes {
    /// Powers of two that bound types, or something in the protocol.
    private static let exponents = [
        0, 5, 7, 8, 10, 11, 12, 15, 16, 17, 18, 20, 21, 31, 32, 36, 50, 53, 62, 63,
    ]

    static func integer(_ random: inout SeededGenerator) -> UInt64 {
        switch random.roll(0...5) {
        case 0: 0
        case 1: .max
        case 2: random.next() >> UInt64(random.roll(0...63))
        case 3: UInt64(random.roll(0...3))
        default:
            (1 << UInt64(exponents.randomElement(using: &random) ?? 0))
                &+ UInt64(bitPattern: Int64(random.roll(-1...1)))
        }
    }

    static func bits64(_ random: inout SeededGenerator) -> UInt64 {
        guard random.once(in: 2) else { return integer(&random) }
        let doubles = [
            0, -0.0, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            .leastNonzeroMagnitude, -1, 1e-9, 1e300, 9.3e18,
        ]
        return (doubles.randomElement(using: &random) ?? 0).bitPattern
    }

    static func bits32(_ random: inout SeededGenerator) -> UInt32 {
        guard random.once(in: 2) else { return UInt32(truncatingIfNeeded: integer(&random)) }
        let floats: [Float] = [
            0, -0.0, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            .leastNonzeroMagnitude, -1, 1, 100, 2, 1e-30,
        ]
        return (floats.randomElement(using: &random) ?? 0).bitPattern
    }

    static func bytes(_ random: inout SeededGenerator) -> [UInt8] {
        switch random.roll(0...4) {
        case 0: return []
        case 1:
            let texts = [
                "127.0.0.1:1", "127.0.0.1:0", "[::1]:65536", "no.such.name.invalid:7101", "f16", "exact",
                "../a", "a\0b",
                "\u{1B}[2J", "größer",
            ]
            return Array((texts.randomElement(using: &random) ?? "").utf8)
        default:
            let counts = [1, 31, 32, 33, 64, 65, 260, 261, 512, 513, 4096, 4097, 61_440, 61_441]
            let count = counts.randomElement(using: &random) ?? 0
            let fill: UInt8? = [0, 0x61, 0xFF, nil].randomElement(using: &random) ?? 0
            if let fill { return [UInt8](repeating: fill, count: count) }
            let words = (0..<(count + 7) / 8).map { _ in random.next().littleEndian }
            return words.withUnsafeBytes { Array($0.prefix(count)) }
        }
    }
}
