// SPDX-License-Identifier: MIT
import BitNetCore

/// Texts to measure with, the same in every run.
package enum BenchText {
    private static let byteCount = 1 << 20

    /// Sentences of common words, of rarer ones made of syllables, and some figures.
    package static var english: String {
        text(seed: 1) { random in
            switch random.next(100) {
            case ..<70: return pick(commonWords, &random)
            case ..<82: return pick(commonWords, &random) + pick(endings, &random)
            case ..<97: return (0...random.next(3)).map { _ in pick(syllables, &random) }.joined()
            default: return "\(random.next(2100))"
            }
        }
    }

    /// Words of letters from one of many scripts each.
    package static var manyScripts: String {
        text(seed: 2) { random in
            let script = scripts[random.next(scripts.count)]
            var word = String.UnicodeScalarView()
            for _ in 0...random.next(8) {
                let value = script.lowerBound + UInt32(clamping: random.next(script.count))
                word.append(Unicode.Scalar(value) ?? "x")
            }
            return String(word)
        }
    }

    private struct Random {
        let seed: UInt64
        var counter: UInt64 = 0

        /// Below `limit`.
        mutating func next(_ limit: Int) -> Int {
            counter += 1
            return Int(clamping: CounterRandom.uniform(seed: seed, counter: counter) * Double(limit))
        }
    }

    private static func text(seed: UInt64, _ word: (inout Random) -> String) -> String {
        var random = Random(seed: seed)
        var text = ""
        while text.utf8.count < byteCount {
            for position in 0...(6 + random.next(12)) { text += (position == 0 ? "" : " ") + word(&random) }
            text += pick([". ", ", ", "? ", ".\n", "; ", " (", ") ", ".\n\n", "! ", ": \""], &random)
        }
        return text
    }

    private static func pick(_ list: [String], _ random: inout Random) -> String {
        list[random.next(list.count)]
    }

    private static let commonWords =
        """
        the of and a to in is you that it he was for on are as with his they I at be this have from or one had by \
        word but not what all were we when your can said there use an each which she do how their if will up other \
        about out many then them these so some her would make like him into time has look two more write go see \
        number no way could people my than first water been call who oil its now find long down day did get come \
        made may part over new sound take only little work know place year live me back give most very after thing \
        our just name good sentence man think say great where help through much before line right too mean old any \
        same tell boy follow came want show also around form three small set put end does another well large must \
        big even such because turn here why ask went men read need land different home us move try kind hand \
        picture again change off play spell air away animal house point page letter mother answer found study still \
        learn should America world high every near add food between own below country plant last school father
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    private static let endings = ["ing", "ed", "s", "ly", "er", "'s", "ness"]

    private static let syllables = [
        "con", "ver", "ta", "tion", "pre", "ment", "al", "re", "in", "ter", "na", "com", "pu", "ble", "dis",
        "cov",
        "ery", "un", "der", "stand", "per", "form", "ance", "str", "uct", "ure", "or", "gan", "ize", "mul",
        "ti", "ple",
    ]

    private static let scripts: [ClosedRange<UInt32>] = [
        0x61...0x7A, 0xC0...0xFF, 0x3B1...0x3C9, 0x430...0x44F, 0x5D0...0x5EA, 0x627...0x64A, 0x905...0x939,
        0xE01...0xE30, 0x3041...0x3093, 0x30A1...0x30F3, 0x4E00...0x9FA5, 0xAC00...0xD7A3, 0x1F600...0x1F64F,
        0x30...0x39,
    ]
}
