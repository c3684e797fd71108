// SPDX-License-Identifier: MIT

/// What the pre-tokenizers ask of a character: the \p{L}, \p{N}, \p{P} and \s of their expressions.
///
/// The categories are those of the standard library's Unicode version. U+0085 is \s, as it is for both Hugging
/// Face's expressions and llama.cpp's own scanners.
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
        /// Neither \s nor \p{L} nor \p{N} nor \p{P}.
        static let symbol = Class(rawValue: 6)
        /// \p{P}.
        static let punctuation = Class(rawValue: 7)

        var isSpace: Bool { rawValue &- 3 < 3 }
        /// Neither \s nor \p{L} nor \p{N}.
        var isOther: Bool { rawValue >= 6 }
    }

    /// Block of 256 characters to its place in `classes`; equal blocks share one.
    private let blocks: [UInt16]
    private let classes: [UInt8]

    /// Nothing but unassigned, private and format characters lies behind it.
    private static let end: UInt32 = 0x40000

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
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return .letter
        case .decimalNumber, .letterNumber, .otherNumber:
            return .number
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            return .punctuation
        default:
            return scalar.properties.isWhitespace ? .space : .symbol
        }
    }
}
