// SPDX-License-Identifier: MIT

import BitNetCore

/// The special tokens that a template may write and a person may not.
///
/// Control tokens, those that end a generation, and of the others that stand in the text under their own name those
/// written between bars, as `<|im_start|>`: some files do not say that these are control tokens. Others, such as
/// `<think>` and `<tool_call>`, are text: templates look for them in messages, and models write them.
struct TemplateMarkers: Sendable {
    private var matcher = SpecialTokenMatcher()

    init(_ tokenizer: Tokenizer) {
        for token in 0..<UInt32(tokenizer.count) {
            let kind = tokenizer.vocabulary.kind(of: token)
            let text = tokenizer.text(of: token)
            let isMarker =
                tokenizer.isControl(token) || tokenizer.stopTokens.contains(token)
                || kind == .userDefined && Self.isBetweenBars(text)
            // Of one character none is left if it is broken.
            guard isMarker, text.unicodeScalars.count > 1 else { continue }
            matcher.insertIfText(tokenizer.bytes(of: token), token: token)
        }
    }

    private static func isBetweenBars(_ text: String) -> Bool {
        text.hasPrefix("<|") && text.hasSuffix("|>") || text.hasPrefix("<｜") && text.hasSuffix("｜>")
    }

    /// A text that a person wrote, with `breaker` inside of what would be taken for a special token, also together with
    /// what might stand behind the text.
    func guarded(_ text: String, with breaker: Unicode.Scalar) -> String {
        var copy = text
        return copy.withUTF8 { bytes in
            var result: [UInt8] = []
            var start = 0
            while let place = matcher.firstBeginning(in: bytes, from: start) {
                // Behind the first character, so that what overlaps is found too.
                let next = bytes[(place + 1)...].firstIndex { $0 & 0xC0 != 0x80 } ?? bytes.count
                result += bytes[start..<next]
                result += Array(String(breaker).utf8)
                start = next
            }
            guard start > 0 else { return text }
            result += bytes[start...]
            return String(decoding: result, as: UTF8.self)
        }
    }

    /// What a template has written, cut at its special tokens.
    func pieces(of text: String, without breaker: Unicode.Scalar) -> [PromptPiece] {
        var text = text
        return text.withUTF8 { bytes in
            var pieces: [PromptPiece] = []
            var start = 0
            let shown = "\\u" + String(breaker.value, radix: 16)
            func add(_ range: Range<Int>) {
                let words = String(decoding: bytes[range], as: UTF8.self)
                var kept = String.UnicodeScalarView()
                kept.append(contentsOf: words.unicodeScalars.lazy.filter { $0 != breaker })
                // Templates that write a list as Python shows it write the breaker so, too.
                let text = String(kept).replacing(shown, with: "")
                if !text.isEmpty { pieces.append(.text(text)) }
            }
            while let match = matcher.firstMatch(in: bytes, from: start, accepts: { _ in true }) {
                add(start..<match.range.lowerBound)
                pieces.append(.marker(String(decoding: bytes[match.range], as: UTF8.self)))
                start = match.range.upperBound
            }
            add(start..<bytes.count)
            return pieces
        }
    }
}
