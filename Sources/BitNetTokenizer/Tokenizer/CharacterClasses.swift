// SPDX-License-Identifier: MIT

/// What the pre-tokenizers ask of a character: the \p{L}, \p{N}, \p{P}, \p{M} and \s of their expressions.
///
/// The categories are Unicode 16's, as in Hugging Face's library, by which models are trained; what was assigned later
/// is no letter yet. llama.cpp's tables are of another version, so it differs in the newest letters alone. U+0085 is \s
/// for both.
struct CharacterClasses: Sendable {
    struct Class: RawRepresentable, Equatable, Sendable {
        let rawValue: UInt8

        static let letter = Class(rawValue: 1)
        static let number = Class(rawValue: 2)
        /// \r or \n.
        static let newline = Class(rawValue: 3)
        /// U+0020.
        static let blank = Class(rawValue: 4)
        /// Any other \s.
        static let space = Class(rawValue: 5)
        /// None of the others.
        static let symbol = Class(rawValue: 6)
        /// \p{P}.
        static let punctuation = Class(rawValue: 7)
        /// \p{M}.
        static let mark = Class(rawValue: 8)

        var isSpace: Bool { rawValue &- 3 < 3 }
        /// Neither \s nor \p{L} nor \p{N}.
        var isOther: Bool { rawValue >= 6 }
    }

    /// Block of 256 characters to its place in `classes`; equal blocks share one.
    private let blocks: [UInt16]
    private let classes: [UInt8]

    /// Nothing but unassigned, private and format characters lies behind it.
    private static let end: UInt32 = 0x40000

    /// Characters of later versions count as unassigned, whatever version the standard library has.
    private static let unicodeVersion = (major: 16, minor: 0)

    static let shared = CharacterClasses()

    private init() {
        var blocks: [UInt16] = []
        var classes: [UInt8] = []
        var known: [[UInt8]: UInt16] = [:]
        for start in stride(from: 0, to: Self.end, by: 256) {
            let block = (start..<start + 256).map { Self.classify($0).rawValue }
            if let index = known[block] {
                blocks.append(index)
            } else {
                let index = UInt16(classes.count / 256)
                known[block] = index
                blocks.append(index)
                classes += block
            }
        }
        self.blocks = blocks
        self.classes = classes
    }

    subscript(_ character: UInt32) -> Class {
        guard character < Self.end else { return .symbol }
        return Class(rawValue: classes[Int(blocks[Int(character >> 8)]) << 8 | Int(character & 0xFF)])
    }

    private static func classify(_ value: UInt32) -> Class {
        guard let scalar = Unicode.Scalar(value) else { return .symbol }
        switch value {
        case 0x0A, 0x0D: return .newline
        case 0x20: return .blank
        default: break
        }
        let properties = scalar.properties
        if let age = properties.age, age > unicodeVersion { return .symbol }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return .letter
        case .decimalNumber, .letterNumber, .otherNumber:
            return .number
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            return .punctuation
        case .nonspacingMark, .spacingMark, .enclosingMark:
            return .mark
        default:
            return properties.isWhitespace ? .space : .symbol
        }
    }
}
