// SPDX-License-Identifier: MIT

/// How long files and functions may be.
enum SizeRules {
    static let fileLinesMax = 400
    static let functionLinesMax = 60

    static func longFiles(_ file: SourceFile) -> [Finding] {
        let count = file.text.utf8.count(where: { $0 == UInt8(ascii: "\n") })
        guard count > fileLinesMax else { return [] }
        return [Finding(path: file.path, line: 1, message: "\(count) lines, at most \(fileLinesMax)")]
    }

    /// Functions of Swift, or of C, by the file's name.
    static func longFunctions(_ file: SourceFile) -> [Finding] {
        let lines = file.code
        let isBeginning = file.path.hasSuffix(".swift") ? isDeclaration : isDefinition
        return lines.indices.compactMap { index in
            guard isBeginning(lines[index].text), let end = bodyEnd(from: index, lines.map(\.text)) else {
                return nil
            }
            let count = end - index + 1
            return count <= functionLinesMax
                ? nil
                : Finding(
                    path: file.path, line: index + 1,
                    message: "function of \(count) lines, at most \(functionLinesMax)")
        }
    }

    /// Whether a line declares a function or an initialiser.
    private static func isDeclaration(_ line: Substring) -> Bool {
        let words = line.split(separator: " ").drop { word in
            word.hasPrefix("@") || (word != "func" && !word.hasPrefix("init") && word.allSatisfy(\.isLetter))
        }
        guard let first = words.first else { return false }
        return first == "func" || ["init(", "init?(", "init<"].contains { first.hasPrefix($0) }
    }

    /// Whether a line of C begins a function, or declares one.
    private static func isDefinition(_ line: Substring) -> Bool {
        line.first.map { $0.isLetter || $0 == "_" } == true && line.contains("(")
            && !line.hasPrefix("typedef")
    }

    /// Index of the line on which the body that begins at or after `start` ends; `nil` without a body.
    private static func bodyEnd(from start: Int, _ lines: [Substring]) -> Int? {
        var depth = 0
        for index in start..<lines.count {
            for character in lines[index] where character == "{" || character == "}" {
                depth += character == "{" ? 1 : -1
                if depth < 0 { return nil }
                if depth == 0 { return index }
            }
            // A declaration of C.
            if depth == 0, lines[index].last == ";" { return nil }
        }
        return nil
    }
}
