// SPDX-License-Identifier: MIT

/// Cuts a template into tokens, white space treated as Transformers has it treated (`trim_blocks` and
/// `lstrip_blocks`).
struct Lexer {
    let source: [Unicode.Scalar]
    var index = 0
    private(set) var tokens: [Token] = []
    private let tokensMax: Int
    /// Whether the last tag ended with its line.
    private var isAtLineStart = true
    /// The last place that was asked for, and its index.
    private var counted: (place: Place, index: Int) = (Place(), 0)

    /// All tokens of a template, `.end` last.
    static func tokens(of template: String, limits: JinjaLimits) throws(JinjaError) -> [Token] {
        guard template.utf8.count <= limits.sourceBytesMax else {
            throw JinjaError(
                .limit, "the template is longer than \(limits.sourceBytesMax) bytes", at: Place())
        }
        var lexer = Lexer(template, tokensMax: limits.tokensMax)
        while lexer.index < lexer.source.count { try lexer.readPart() }
        try lexer.append(.end, at: lexer.index)
        return lexer.tokens
    }

    private init(_ template: String, tokensMax: Int) {
        self.tokensMax = tokensMax
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(template.utf8.count)
        var previous: Unicode.Scalar = " "
        for scalar in template.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if scalar != "\n" || previous != "\r" {
                scalars.append(scalar)
            }
            previous = scalar
        }
        // The last newline belongs to the file, not to the template.
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    // MARK: Text

    /// Reads text up to a tag, and the tag.
    private mutating func readPart() throws(JinjaError) {
        let start = index
        while index < source.count, !isOpening(index) { index += 1 }
        guard index < source.count else { return try appendText(start, index, from: start) }
        let opening = index
        let raw = endOfRawTag(at: opening)
        let mark = source[opening + 1]
        let sign = scalar(opening + 2)
        try appendText(start, endOfText(start, opening, sign, isOutput: mark == "{"), from: start)
        isAtLineStart = false
        if let raw {
            index = raw
            isAtLineStart = source[raw - 1] == "\n"
            return try readRaw(from: opening)
        }
        index = opening + (sign == "-" || sign == "+" ? 3 : 2)
        switch mark {
        case "#": try skipComment(from: opening)
        case "{": try readTag(from: opening, isOutput: true)
        default: try readTag(from: opening, isOutput: false)
        }
    }

    private func isOpening(_ index: Int) -> Bool {
        guard source[index] == "{", let next = scalar(index + 1) else { return false }
        return next == "{" || next == "%" || next == "#"
    }

    /// Where the text before a tag ends, once the tag's wishes are met.
    private func endOfText(_ start: Int, _ end: Int, _ sign: Unicode.Scalar?, isOutput: Bool) -> Int {
        var last = end
        if sign == "-" {
            while last > start, source[last - 1].isPythonSpace { last -= 1 }
            return last
        }
        guard sign != "+", !isOutput else { return end }
        while last > start, source[last - 1].isPythonSpace, source[last - 1] != "\n" { last -= 1 }
        let isWholeLine = last > start ? source[last - 1] == "\n" : isAtLineStart
        return isWholeLine ? last : end
    }

    private mutating func appendText(_ start: Int, _ end: Int, from: Int) throws(JinjaError) {
        guard end > start else { return }
        try append(.data(string(start..<end)), at: from)
    }

    /// Where `{% raw %}` ends that begins here.
    private func endOfRawTag(at opening: Int) -> Int? {
        guard let word = endOfTagName("raw", at: opening) else { return nil }
        if matches("-%}", at: word) { return endOfSpace(word + 3) }
        return matches("%}", at: word) ? word + 2 : nil
    }

    /// Where the white space behind the name ends, if a statement of this name begins here.
    private func endOfTagName(_ name: String, at opening: Int) -> Int? {
        guard matches("{%", at: opening) else { return nil }
        var start = opening + 2
        if scalar(start) == "-" || scalar(start) == "+" { start += 1 }
        start = endOfSpace(start)
        return matches(name, at: start) ? endOfSpace(start + name.unicodeScalars.count) : nil
    }

    private mutating func readRaw(from opening: Int) throws(JinjaError) {
        let start = index
        // As Jinja has it, which misses only what might be something.
        guard start < source.count else { return }
        while index < source.count {
            if let word = endOfTagName("endraw", at: index), let end = endOfStatement(at: word) {
                let sign = scalar(index + 2)
                try appendText(start, endOfText(start, index, sign, isOutput: false), from: start)
                return leaveTag(at: end)
            }
            index += 1
        }
        throw error("“{% raw %}” without “{% endraw %}”", at: opening)
    }

    private mutating func skipComment(from opening: Int) throws(JinjaError) {
        guard index < source.count else { return }
        while index < source.count {
            if let end = endOfTag("#}", at: index, isOutput: false) { return leaveTag(at: end) }
            index += 1
        }
        throw error("a comment that does not end", at: opening)
    }

    // MARK: Ends of tags

    private func endOfStatement(at index: Int) -> Int? { endOfTag("%}", at: index, isOutput: false) }

    /// Where the text goes on, if a tag ends here.
    func endOfTag(_ closing: String, at index: Int, isOutput: Bool) -> Int? {
        if matches(closing, at: index) {
            return !isOutput && scalar(index + 2) == "\n" ? index + 3 : index + 2
        }
        guard matches(closing, at: index + 1) else { return nil }
        if source[index] == "-" { return endOfSpace(index + 3) }
        return source[index] == "+" && !isOutput ? index + 3 : nil
    }

    mutating func leaveTag(at end: Int) {
        isAtLineStart = source[end - 1] == "\n"
        index = end
    }

    // MARK: Scalars

    func scalar(_ index: Int) -> Unicode.Scalar? { index < source.count ? source[index] : nil }

    func matches(_ text: String, at index: Int) -> Bool {
        index < source.count && source[index...].starts(with: text.unicodeScalars)
    }

    func endOfSpace(_ index: Int) -> Int {
        var end = index
        while let scalar = scalar(end), scalar.isPythonSpace { end += 1 }
        return end
    }

    func string(_ range: Range<Int>) -> String {
        var result = String.UnicodeScalarView()
        result.append(contentsOf: source[range])
        return String(result)
    }

    mutating func append(_ kind: Token.Kind, at index: Int) throws(JinjaError) {
        guard tokens.count < tokensMax else {
            throw JinjaError(
                .limit, "the template has more than \(tokensMax) words", at: place(of: index))
        }
        tokens.append(Token(kind: kind, place: place(of: index)))
    }

    mutating func error(_ message: String, at index: Int) -> JinjaError {
        JinjaError(.syntax, message, at: place(of: index))
    }

    /// Counts on from the last place, so that all of them take one pass.
    private mutating func place(of index: Int) -> Place {
        if index < counted.index { counted = (Place(), 0) }
        for scalar in source[counted.index..<min(index, source.count)] {
            if scalar == "\n" {
                counted.place = Place(line: counted.place.line + 1, column: 1)
            } else {
                counted.place.column += 1
            }
        }
        counted.index = index
        return counted.place
    }
}
