// SPDX-License-Identifier: MIT

/// Turns tokens into text one by one.
///
/// Yields whole Unicode scalars only: bytes of a character that is not complete wait for the next token.
/// What all calls return together is `String(decoding:as:)` of all bytes, so invalid bytes become U+FFFD.
package struct Detokenizer {
    private let tokenizer: Tokenizer
    /// Control tokens whose name is text.
    private let named: Set<UInt32>
    /// The start of a character, at most three bytes.
    private var pending: [UInt8] = []
    /// Whether a blank that comes next is the one that encoding puts before a text.
    private var dropsBlank: Bool

    /// - Parameters:
    ///   - startsText: whether the tokens start a text rather than continue one; SentencePiece's first blank is dropped
    ///     only then.
    ///   - named: control tokens whose name is text.
    package init(_ tokenizer: Tokenizer, startsText: Bool = false, named: Set<UInt32> = []) {
        self.tokenizer = tokenizer
        self.named = named
        dropsBlank = startsText && tokenizer.form.dropsFirstBlank
    }

    /// The text that `token` completes; empty for control tokens and unknown ids.
    package mutating func append(_ token: UInt32) -> String {
        guard !tokenizer.isControl(token) || named.contains(token) else { return "" }
        let bytes = tokenizer.bytes(of: token)
        guard dropsBlank, let first = bytes.first else { return append(bytes: bytes) }
        dropsBlank = false
        return append(bytes: first == 0x20 ? bytes.dropFirst() : bytes)
    }

    mutating func append(bytes: some Sequence<UInt8>) -> String {
        pending.append(contentsOf: bytes)
        let end = Self.completeEnd(pending)
        let text = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeFirst(end)
        return text
    }

    /// What is left at the end: U+FFFD for a character that never became complete.
    package mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Length without a last character that further bytes could still complete.
    private static func completeEnd(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let start = bytes.count - length
            // Continuation bytes: the lead is further left.
            if bytes[start] & 0xC0 == 0x80 { continue }
            return isPrefix(bytes[start...]) ? start : bytes.count
        }
        return bytes.count
    }

    /// Whether these bytes, a lead and continuation bytes, begin a well-formed character without ending it
    /// (Unicode standard, table 3-7).
    private static func isPrefix(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let lead = bytes.first else { return false }
        let needed: Int
        let second: ClosedRange<UInt8>
        switch lead {
        case 0xC2...0xDF: (needed, second) = (2, 0x80...0xBF)
        case 0xE0: (needed, second) = (3, 0xA0...0xBF)
        case 0xED: (needed, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (needed, second) = (3, 0x80...0xBF)
        case 0xF0: (needed, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (needed, second) = (4, 0x80...0xBF)
        case 0xF4: (needed, second) = (4, 0x80...0x8F)
        default: return false
        }
        guard bytes.count < needed else { return false }
        return bytes.dropFirst().first.map(second.contains) ?? true
    }
}
