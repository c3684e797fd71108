// SPDX-License-Identifier: MIT
import BitNetCore

/// Tokens as log-probabilities name them.
struct TokenNames: Sendable {
    let generator: any TextGenerator

    /// The token's text, with U+FFFD for what is only a part of a character.
    func text(of token: UInt32) -> String { String(decoding: generator.bytes(of: token), as: UTF8.self) }

    /// The token's text, or `bytes:\xe2\x80` if that is no text by itself: parts of characters stay apart.
    func key(of token: UInt32) -> String {
        let bytes = generator.bytes(of: token)
        return String(validating: bytes, as: UTF8.self) ?? Self.escaped(bytes)
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        bytes.reduce(into: "bytes:") { text, byte in
            let digits = String(byte, radix: 16)
            text += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
        }
    }

    /// The best tokens of a place and the one that was taken.
    ///
    /// Of two tokens with the same text the more probable one stays.
    func map(of alternatives: [TokenScore], and taken: TokenScore) -> [String: Float] {
        (alternatives + [taken]).reduce(into: [:]) { map, score in
            let key = key(of: score.token)
            map[key] = max(map[key] ?? -.infinity, score.logProbability.written)
        }
    }
}

extension Float {
    /// A log-probability as JSON can write it; OpenAI has the same floor.
    var written: Float { isNaN ? -9999 : Swift.min(0, Swift.max(-9999, self)) }
}
