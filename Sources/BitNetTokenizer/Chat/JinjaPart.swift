// SPDX-License-Identifier: MIT

/// A part of a Jinja template: text that is written as it is, or what stands between braces.
enum JinjaPart: Equatable {
    /// A word between braces.
    enum Word: Equatable {
        /// A string, its escapes resolved.
        case text(String)
        /// A name or a number.
        case name(String)
        case sign(Character)
    }

    case text(String)
    /// `{{ … }}`
    case output([Word])
    /// `{% … %}`
    case statement([Word])

    /// Cuts a template into its parts, white space treated as Transformers has it treated (`trim_blocks` and
    /// `lstrip_blocks`).
    ///
    /// Read front to back, once; braces that are not closed end with the text.
    static func parts(of template: String) -> [JinjaPart] {
        var reader = JinjaReader(template)
        return reader.read()
    }
}

/// Reads a template front to back.
private struct JinjaReader {
    private let characters: [Character]
    private var index = 0
    private var parts: [JinjaPart] = []
    private var text: [Character] = []
    /// How the last tag wants the text behind it.
    private var dropsSpace = false
    private var dropsNewline = false

    init(_ template: String) {
        // A carriage return and its newline are one character of Swift's.
        characters = Array(template.replacing("\r\n", with: "\n"))
    }

    mutating func read() -> [JinjaPart] {
        while index < characters.count {
            let next = index + 1 < characters.count ? characters[index + 1] : " "
            guard characters[index] == "{", "{%#".contains(next) else {
                text.append(characters[index])
                index += 1
                continue
            }
            index += 2
            let trims = index < characters.count && characters[index] == "-"
            flush(trimsEnd: trims, isBlock: next != "{")
            if next == "#" { skipComment() } else { readTag(isOutput: next == "{") }
        }
        flush(trimsEnd: false, isBlock: false)
        return parts
    }

    private mutating func flush(trimsEnd: Bool, isBlock: Bool) {
        var rest = text[...]
        if dropsSpace {
            rest = rest.drop(while: \.isWhitespace)
        } else if dropsNewline, rest.first == "\n" {
            rest = rest.dropFirst()
        }
        if trimsEnd {
            while rest.last?.isWhitespace == true { rest.removeLast() }
        } else if isBlock {
            let blanks = rest.reversed().prefix { $0 == " " || $0 == "\t" }.count
            let line = rest.dropLast(blanks)
            if line.isEmpty || line.last == "\n" { rest = line }
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        text = []
    }

    private mutating func skipComment() {
        while index + 1 < characters.count, !(characters[index] == "#" && characters[index + 1] == "}") {
            index += 1
        }
        end(isBlock: true)
    }

    private mutating func readTag(isOutput: Bool) {
        let closing: Character = isOutput ? "}" : "%"
        var words: [JinjaPart.Word] = []
        if index < characters.count, "-+".contains(characters[index]) { index += 1 }
        while index < characters.count {
            let character = characters[index]
            if character == closing, index + 1 < characters.count, characters[index + 1] == "}" { break }
            if character == "'" || character == "\"" {
                words.append(.text(readString(character)))
            } else if character.isLetter || character.isNumber || character == "_" {
                words.append(.name(readName()))
            } else {
                if !character.isWhitespace { words.append(.sign(character)) }
                index += 1
            }
        }
        let trims = index > 0 && characters[index - 1] == "-"
        if trims, words.last == .sign("-") { words.removeLast() }
        parts.append(isOutput ? .output(words) : .statement(words))
        end(isBlock: !isOutput)
    }

    /// Steps over the two characters that close a tag.
    private mutating func end(isBlock: Bool) {
        dropsSpace = index > 0 && index < characters.count && characters[index - 1] == "-"
        dropsNewline = isBlock
        index = min(index + 2, characters.count)
    }

    private mutating func readName() -> String {
        let start = index
        while index < characters.count,
            characters[index].isLetter || characters[index].isNumber || characters[index] == "_"
        {
            index += 1
        }
        return String(characters[start..<index])
    }

    private mutating func readString(_ quote: Character) -> String {
        index += 1
        var result = ""
        while index < characters.count, characters[index] != quote {
            if characters[index] == "\\", index + 1 < characters.count {
                index += 1
                switch characters[index] {
                case "n": result.append("\n")
                case "t": result.append("\t")
                default: result.append(characters[index])
                }
            } else {
                result.append(characters[index])
            }
            index += 1
        }
        index = min(index + 1, characters.count)
        return result
    }
}
