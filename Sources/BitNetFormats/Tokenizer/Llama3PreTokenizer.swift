// SPDX-License-Identifier: MIT

/// Cuts text into the pieces inside which byte pairs may merge, as Llama-3 does.
///
/// The regular expression, its alternatives tried in order at each position:
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,3}
///     |  ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
///
/// Written out by hand: a backtracking engine could be sent into quadratic time by a prompt. Every scalar
/// belongs to exactly one of the classes below, so some alternative always matches and no text is lost.
/// The classes are those of the standard library's Unicode version.
package struct Llama3PreTokenizer {
    private enum Class: UInt8 {
        case letter
        case number
        /// \r or \n.
        case newline
        /// U+0020.
        case blank
        /// Any other \s.
        case space
        /// Neither \s nor \p{L} nor \p{N}.
        case other

        var isSpace: Bool { self == .newline || self == .blank || self == .space }
    }

    private var classes: [Class] = []
    /// UTF-8 offset of each scalar, and the text's length at the end.
    private var offsets: [Int] = []
    private let utf8: [UInt8]

    /// - Returns: UTF-8 ranges of the pieces; together they are the whole text.
    package static func pieces(of text: String) -> [Range<Int>] {
        Llama3PreTokenizer(text).pieces()
    }

    private init(_ text: String) {
        utf8 = Array(text.utf8)
        classes.reserveCapacity(utf8.count)
        offsets.reserveCapacity(utf8.count + 1)
        var offset = 0
        for scalar in text.unicodeScalars {
            classes.append(Self.classify(scalar))
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        offsets.append(offset)
    }

    private func pieces() -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        while start < classes.count {
            let end = end(from: start)
            pieces.append(offsets[start]..<offsets[end])
            start = end
        }
        return pieces
    }

    /// Index behind the piece that starts at `start`.
    private func end(from start: Int) -> Int {
        if let end = contraction(from: start) { return end }
        let next = start + 1 < classes.count ? classes[start + 1] : nil
        switch classes[start] {
        case .letter:
            return run(from: start) { $0 == .letter }
        case .number:
            return min(run(from: start) { $0 == .number }, start + 3)
        case .blank where next == .letter, .space where next == .letter, .other where next == .letter:
            return run(from: start + 1) { $0 == .letter }
        case .blank where next == .other:
            return symbols(from: start + 1)
        case .other:
            return symbols(from: start)
        case .blank, .space, .newline:
            return spaces(from: start)
        }
    }

    /// The end of `[^\s\p{L}\p{N}]+[\r\n]*`.
    private func symbols(from start: Int) -> Int {
        run(from: run(from: start) { $0 == .other }) { $0 == .newline }
    }

    /// The end of `\s*[\r\n]+ | \s+(?!\S) | \s+`.
    private func spaces(from start: Int) -> Int {
        let end = run(from: start, while: \.isSpace)
        if let newline = classes[start..<end].lastIndex(of: .newline) { return newline + 1 }
        // The last blank before a word belongs to the word.
        return end == classes.count ? end : max(end - 1, start + 1)
    }

    /// The end of `(?i:'s|'t|'re|'ve|'m|'ll|'d)`; case folding makes U+017F (ſ) an s.
    private func contraction(from start: Int) -> Int? {
        guard utf8[offsets[start]] == UInt8(ascii: "'") else { return nil }
        func letter(_ index: Int) -> UInt8? {
            guard start + index < classes.count else { return nil }
            let bytes = utf8[offsets[start + index]..<offsets[start + index + 1]]
            if bytes.count == 1, let byte = bytes.first { return byte | 0x20 }
            return bytes == [0xC5, 0xBF] ? UInt8(ascii: "s") : nil
        }
        switch letter(1).map(Unicode.Scalar.init) {
        case "s", "t", "m", "d": return start + 2
        case "r", "v": return letter(2) == UInt8(ascii: "e") ? start + 3 : nil
        case "l": return letter(2) == UInt8(ascii: "l") ? start + 3 : nil
        default: return nil
        }
    }

    private func run(from start: Int, while belongs: (Class) -> Bool) -> Int {
        var end = start
        while end < classes.count, belongs(classes[end]) { end += 1 }
        return end
    }

    private static func classify(_ scalar: Unicode.Scalar) -> Class {
        switch scalar.value {
        case 0x41...0x5A, 0x61...0x7A: return .letter
        case 0x30...0x39: return .number
        case 0x0A, 0x0D: return .newline
        case 0x20: return .blank
        case 0x09, 0x0B, 0x0C: return .space
        case ..<0x80: return .other
        default: break
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return .letter
        case .decimalNumber, .letterNumber, .otherNumber:
            return .number
        default:
            return scalar.properties.isWhitespace ? .space : .other
        }
    }
}
