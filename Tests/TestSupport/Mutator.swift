// SPDX-License-Identifier: MIT

/// Edits bytes with a liking for what breaks readers: extreme values, cuts, repetitions, and their own words.
package struct Mutator: Sendable {
    package var random: SeededGenerator
    /// What the reader is sensitive to.
    private let words: [[UInt8]]

    /// - Parameter words: Put in as often as anything else is done; none are without.
    package init(seed: UInt64, words: [String] = []) {
        random = SeededGenerator(seed: seed)
        self.words = words.map { Array($0.utf8) }
    }

    /// `bytes` with one to four edits.
    package mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.roll(1...4) { edit(&bytes) }
        return bytes
    }

    private mutating func edit(_ bytes: inout [UInt8]) {
        let place = random.roll(0...bytes.count)
        let rest = bytes.count - place
        switch Int.random(in: 0..<(words.isEmpty ? 10 : 16), using: &random) {
        case 0...2 where rest > 0: bytes[place] = .random(in: 0...255, using: &random)
        case 3 where rest > 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 4 where rest > 0: bytes[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        case 5 where rest > 8:
            let fill: UInt8 = Bool.random(using: &random) ? 0xFF : 0
            bytes.replaceSubrange(place..<place + 8, with: [UInt8](repeating: fill, count: 8))
        case 6 where rest > 0:
            bytes.removeSubrange(place..<place + random.roll(1...min(rest, 32)))
        case 7 where rest > 0:
            let copied = bytes[place..<place + random.roll(1...min(rest, 64))]
            bytes.insert(contentsOf: copied, at: place)
        case 8: bytes.removeLast(rest)
        case 10...12: bytes.insert(contentsOf: word(), at: place)
        case 13...14 where rest > 0: bytes.replaceSubrange(place...place, with: word())
        case 15:
            // A number, where there is one, becomes another value.
            guard let digit = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else { break }
            bytes.replaceSubrange(digit...digit, with: word())
        default: bytes.insert(.random(in: 0...255, using: &random), at: place)
        }
    }

    private mutating func word() -> [UInt8] { words.randomElement(using: &random) ?? [] }

    /// Changes one to four bytes of `bytes[range]`; their number stays.
    package mutating func change(_ bytes: inout [UInt8], in range: Range<Int>) {
        for _ in 0..<random.roll(1...4) {
            let position = Int.random(in: range, using: &random)
            switch UInt8.random(in: 0...3, using: &random) {
            case 0: bytes[position] = 0
            case 1: bytes[position] = 0xFF
            case 2: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
            default: bytes[position] = .random(in: 0...255, using: &random)
            }
        }
    }
}
