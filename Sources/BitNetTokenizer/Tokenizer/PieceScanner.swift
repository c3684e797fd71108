// SPDX-License-Identifier: MIT

/// Finds the ends of pieces in UTF-8.
///
/// Each method gives the end of the piece that starts at `start`. The expressions are written out by hand, for a
/// backtracking engine could be sent into quadratic time by a prompt; every character belongs to exactly one class,
/// so some alternative always matches and no text is lost.
struct PieceScanner {
    private let text: UnsafeBufferPointer<UInt8>
    private let classes = CharacterClasses.shared
    /// Pieces, and what an expression looks ahead at, end here.
    private let limit: Int

    init(_ text: UnsafeBufferPointer<UInt8>, limit: Int) {
        self.text = text
        self.limit = limit
    }

    func end(_ pass: PreTokenizer.Pass, from start: Int) -> Int {
        switch pass {
        case .llama3: llama3(from: start, digitsMax: 3)
        case .qwen2: llama3(from: start, digitsMax: 1)
        case .qwen35: llama3(from: start, digitsMax: 1, joinsMarks: true)
        case .gpt2: gpt2(from: start)
        case .punctuation: alternation(from: start, Self.isPunctuation)
        case .numbers: alternation(from: start) { character, _ in character == .number }
        case .digitTriples: digitTriples(from: start)
        case .singleNumbers: singleNumbers(from: start)
        case .words: word(from: start, blanksMax: .max)
        case .blankWords: word(from: start, blanksMax: 1)
        case .whole: limit
        }
    }

    // MARK: Characters

    /// Class of the character at `offset`, which is below the limit, and the offset behind it.
    private func character(at offset: Int) -> (class: CharacterClasses.Class, end: Int) {
        let byte = text[offset]
        if byte < 0x80 { return (classes[UInt32(byte)], offset + 1) }
        let (value, end) = decode(at: offset)
        return (classes[value], end)
    }

    /// Text is valid UTF-8; bytes that are not would only give odd pieces.
    private func decode(at offset: Int) -> (value: UInt32, end: Int) {
        let lead = text[offset]
        let width = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        let end = min(offset + width, limit)
        var value = UInt32(lead) & (0x7F >> UInt32(width))
        for index in offset + 1..<max(end, offset + 1) { value = value << 6 | UInt32(text[index] & 0x3F) }
        return (value, end)
    }

    private func run(from start: Int, while belongs: (CharacterClasses.Class) -> Bool) -> Int {
        var offset = start
        while offset < limit {
            let (character, end) = character(at: offset)
            guard belongs(character) else { break }
            offset = end
        }
        return offset
    }

    /// Where the white space that ends at `end` starts, not before `start`.
    func startOfSpaces(before end: Int, from start: Int) -> Int {
        var lower = end
        while lower > start {
            var previous = lower - 1
            while previous > start, text[previous] & 0xC0 == 0x80 { previous -= 1 }
            guard character(at: previous).class.isSpace else { break }
            lower = previous
        }
        return lower
    }

    func endOfSpaces(from start: Int) -> Int { run(from: start, while: \.isSpace) }

    private func `class`(at offset: Int) -> CharacterClasses.Class? {
        offset < limit ? character(at: offset).class : nil
    }

    // MARK: Llama-3 and Qwen

    /// The end of a piece by Llama-3's expression, or Qwen's.
    ///
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,3}
    /// |  ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+`
    ///
    /// - Parameters:
    ///   - digitsMax: how many numbers make a piece.
    ///   - joinsMarks: `[\p{L}\p{M}]` for `\p{L}`, and `\p{M}` among what is no symbol.
    private func llama3(from start: Int, digitsMax: Int, joinsMarks: Bool = false) -> Int {
        func isLetter(_ character: CharacterClasses.Class) -> Bool {
            character == .letter || joinsMarks && character == .mark
        }
        func isSymbol(_ character: CharacterClasses.Class) -> Bool {
            character.isOther && !isLetter(character)
        }
        /// The end of `[^\s\p{L}\p{N}]+[\r\n]*`.
        func symbols(from start: Int) -> Int {
            run(from: run(from: start, while: isSymbol)) { $0 == .newline }
        }
        let (first, next) = character(at: start)
        if text[start] == UInt8(ascii: "'"), let end = contraction(from: start, ignoresCase: true) {
            return end
        }
        if isLetter(first) { return run(from: next, while: isLetter) }
        if first == .number { return numbers(from: next, atMost: digitsMax - 1) }
        let following = `class`(at: next)
        if first != .newline, following.map(isLetter) == true { return run(from: next, while: isLetter) }
        if isSymbol(first) { return symbols(from: next) }
        if first == .blank, following.map(isSymbol) == true { return symbols(from: next) }
        return spaces(from: start, cutsBehindNewline: true)
    }

    private func numbers(from start: Int, atMost count: Int) -> Int {
        var end = start
        for _ in 0..<count where end < limit {
            let (character, next) = character(at: end)
            guard character == .number else { break }
            end = next
        }
        return end
    }

    /// The end of `\s*[\r\n]+ | \s+(?!\S) | \s+`, or without its first alternative.
    private func spaces(from start: Int, cutsBehindNewline: Bool) -> Int {
        var offset = start
        var last = start
        var newlineEnd: Int?
        while offset < limit {
            let (character, end) = character(at: offset)
            guard character.isSpace else { break }
            last = offset
            offset = end
            if character == .newline { newlineEnd = end }
        }
        if cutsBehindNewline, let newlineEnd { return newlineEnd }
        // The last blank before a word belongs to the word.
        return offset == limit || last == start ? offset : last
    }

    // MARK: GPT-2

    /// The end of a piece by GPT-2's expression.
    ///
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    ///
    /// Without the last alternative the single space that nothing matches is a piece all the same.
    private func gpt2(from start: Int) -> Int {
        let (first, next) = character(at: start)
        if text[start] == UInt8(ascii: "'"), let end = contraction(from: start, ignoresCase: false) {
            return end
        }
        let kind = first == .blank ? `class`(at: next) ?? first : first
        if kind == .letter { return run(from: next) { $0 == .letter } }
        if kind == .number { return run(from: next) { $0 == .number } }
        if kind.isOther { return run(from: next, while: \.isOther) }
        return spaces(from: start, cutsBehindNewline: false)
    }

    /// The end of `'s|'t|'re|'ve|'m|'ll|'d`.
    ///
    /// Where case does not matter, folding makes U+017F (ſ) an s: so does Hugging Face, llama.cpp does not.
    private func contraction(from start: Int, ignoresCase: Bool) -> Int? {
        func letter(_ offset: Int) -> Unicode.Scalar? {
            guard offset < limit, text[offset] < 0x80 else { return nil }
            return Unicode.Scalar(ignoresCase ? text[offset] | 0x20 : text[offset])
        }
        switch letter(start + 1) {
        case "s", "t", "m", "d": return start + 2
        case "r", "v": return letter(start + 2) == "e" ? start + 3 : nil
        case "l": return letter(start + 2) == "l" ? start + 3 : nil
        case nil where ignoresCase && start + 2 < limit && text[start + 1] == 0xC5 && text[start + 2] == 0xBF:
            return start + 3
        default: return nil
        }
    }

    // MARK: Other expressions

    /// A run of characters that belong, or of those that do not.
    private func alternation(
        from start: Int, _ belongs: (CharacterClasses.Class, UInt8) -> Bool
    ) -> Int {
        let (first, next) = character(at: start)
        let side = belongs(first, text[start])
        var offset = next
        while offset < limit {
            let (character, end) = character(at: offset)
            guard belongs(character, text[offset]) == side else { break }
            offset = end
        }
        return offset
    }

    /// Whether `[\p{P}\$\+<=>\^~\|]` matches: of ASCII's signs, all but the grave accent.
    private static func isPunctuation(_ character: CharacterClasses.Class, _ byte: UInt8) -> Bool {
        character == .punctuation
            || character == .symbol && (0x21..<0x7F).contains(byte) && byte != UInt8(ascii: "`")
    }

    /// `[0-9][0-9][0-9]`, and what lies between.
    private func digitTriples(from start: Int) -> Int {
        if isTriple(at: start) { return start + 3 }
        var offset = start + 1
        while offset < limit, !isTriple(at: offset) { offset += 1 }
        return offset
    }

    private func isTriple(at offset: Int) -> Bool {
        offset + 3 <= limit && (offset..<offset + 3).allSatisfy { (0x30...0x39).contains(text[$0]) }
    }

    private func singleNumbers(from start: Int) -> Int {
        let (first, next) = character(at: start)
        return first == .number ? next : run(from: next) { $0 != .number }
    }

    /// Blanks and what follows up to the next one.
    private func word(from start: Int, blanksMax: Int) -> Int {
        var offset = start
        while offset < limit, text[offset] == 0x20, offset - start < blanksMax { offset += 1 }
        while offset < limit, text[offset] != 0x20 { offset += 1 }
        return offset
    }
}
