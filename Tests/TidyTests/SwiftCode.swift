// SPDX-License-Identifier: MIT

/// Swift source without what is not code.
enum SwiftCode {
    private enum Mode {
        /// Parentheses open since the interpolation began, or since the file began.
        case code(depth: Int)
        case lineComment
        case blockComment
        case string
        case multilineString
    }

    /// What can end a stretch of code.
    private static let markers = Set("/\"()".utf8)

    /// `source` with the inside of comments and string literals replaced by spaces.
    ///
    /// Interpolated code stays; line breaks stay, so that lines keep their numbers.
    static func only(_ source: String) -> String {
        let bytes = Array(source.utf8)
        var result = bytes
        var modes: [Mode] = [.code(depth: 0)]
        var index = 0
        func follows(_ text: StaticString) -> Bool {
            text.withUTF8Buffer { bytes[index...].starts(with: $0) }
        }
        func blank(_ count: Int) {
            for offset in index..<min(index + count, bytes.count) where bytes[offset] != UInt8(ascii: "\n") {
                result[offset] = UInt8(ascii: " ")
            }
            index += count
        }
        while index < bytes.count {
            switch modes.last {
            case .code(let depth):
                let isMarker = markers.contains(bytes[index])
                index += isMarker ? step(follows, depth: depth, &modes) : 1
            case .lineComment:
                if follows("\n") { modes.removeLast() }
                blank(1)
            case .blockComment:
                if follows("*/") {
                    modes.removeLast()
                    blank(1)
                }
                blank(1)
            case .string, .multilineString, nil:
                blank(literalStep(follows, &modes))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What stands before the bracket that closes the one before `rest`.
    static func inside(_ rest: Substring, _ opening: Character, _ closing: Character) -> Substring {
        var depth = 1
        let end = rest.firstIndex { character in
            if character == opening { depth += 1 }
            if character == closing { depth -= 1 }
            return depth == 0
        }
        return rest[..<(end ?? rest.endIndex)]
    }

    /// Bytes of code to pass; may change the mode.
    private static func step(_ follows: (StaticString) -> Bool, depth: Int, _ modes: inout [Mode]) -> Int {
        if follows("//") {
            modes.append(.lineComment)
        } else if follows("/*") {
            modes.append(.blockComment)
        } else if follows("\"\"\"") {
            modes.append(.multilineString)
            return 3
        } else if follows("\"") {
            modes.append(.string)
            return 1
        } else if follows("(") {
            modes[modes.count - 1] = .code(depth: depth + 1)
            return 1
        } else if follows(")") {
            if depth == 0, modes.count > 1 {
                modes.removeLast()
            } else {
                modes[modes.count - 1] = .code(depth: depth - 1)
            }
            return 1
        } else {
            return 1
        }
        return 0
    }

    /// Bytes of a literal to blank; may change the mode.
    private static func literalStep(_ follows: (StaticString) -> Bool, _ modes: inout [Mode]) -> Int {
        if follows("\\(") {
            modes.append(.code(depth: 0))
            return 2
        }
        if follows("\\") { return 2 }
        if case .multilineString = modes.last {
            guard follows("\"\"\"") else { return 1 }
            modes.removeLast()
            return 3
        }
        if follows("\"") { modes.removeLast() }
        return 1
    }
}
