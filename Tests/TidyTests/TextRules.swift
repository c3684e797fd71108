// SPDX-License-Identifier: MIT

/// Words and characters that a file must have, or must not.
enum TextRules {
    static let licence = "SPDX-License-Identifier: MIT"

    /// The first line names the licence; only what must stand first itself may come before.
    static func licenceLine(_ file: SourceFile) -> [Finding] {
        let lines = file.lines.map(\.text)
        let mustStandFirst =
            lines.first?.hasPrefix("#!") == true || lines.first?.hasPrefix("// swift-tools-version") == true
        let line = lines.dropFirst(mustStandFirst ? 1 : 0).first ?? ""
        return line.hasSuffix(licence)
            ? [] : [Finding(path: file.path, line: 1, message: "begins without “\(licence)”")]
    }

    /// Ways to trap, and notes to oneself.
    static func bannedWords(_ file: SourceFile) -> [Finding] {
        let traps = file.code.flatMap { number, line in
            ["try!", "as!", "fatalError("].filter { line.contains($0) }.map { (number, $0) }
        }
        let notes = file.lines.flatMap { number, line in
            ["TODO", "FIXME", "XXX"].filter { line.contains($0) }.map { (number, $0) }
        }
        return (traps + notes).map { Finding(path: file.path, line: $0.0, message: "“\($0.1)”") }
    }

    /// Imports that only a build made for tests has.
    static func testableImports(_ file: SourceFile) -> [Finding] {
        file.code.filter { $0.text.hasPrefix("@testable") }
            .map {
                Finding(path: file.path, line: $0.number, message: "tests look at what every build shows")
            }
    }

    /// Tuples that are given back while a later part of them is still waited for.
    ///
    /// Swift 6.3 with optimisation may take rubbish for the earlier parts in a `do` inside a task of a group.
    static func awaitsInTuples(_ file: SourceFile) -> [Finding] {
        file.code.filter { $0.text.contains(#/return \([^"]*,[^"]*try await /#) }
            .map { Finding(path: file.path, line: $0.number, message: "await first, then make the tuple") }
    }

    /// Errors that become text by themselves, which may be the name of a type: `words` says what they mean.
    static func rawErrors(_ file: SourceFile) -> [Finding] {
        let shapes = [
            "\\(error)", "\\(failure)", "String(describing: error", ".localizedDescription", "\\(type(of:",
            "\\(Self.self)",
        ]
        return file.lines.flatMap { number, line in
            shapes.filter { line.contains($0) && !line.drop(while: \.isWhitespace).hasPrefix("//") }
                .map { Finding(path: file.path, line: number, message: "“\($0)”: say \\(error.words)") }
        }
    }

    /// Names of types in texts that are said to people, but for those that are names of things out there.
    static func typeNames(_ file: SourceFile, declared: Set<Substring>) -> [Finding] {
        file.lines.flatMap { number, line -> [Finding] in
            guard line.contains("\""), !line.contains("precondition"),
                !line.drop(while: \.isWhitespace).hasPrefix("//")
            else { return [] }
            return withoutInterpolations(line).matches(of: /\u{22}([^\u{22}]*)\u{22}/).flatMap { text in
                text.output.1.matches(of: /\b[A-Z]\w*[a-z][A-Z]\w*\b/)
                    .map(\.output).filter { declared.contains($0) }
                    .map { Finding(path: file.path, line: number, message: "“\($0)” is a type's name") }
            }
        }
    }

    /// What is interpolated is code.
    private static func withoutInterpolations(_ line: Substring) -> String {
        var result = ""
        var depth = 0
        var previous: Character?
        for character in line {
            if depth > 0 {
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
            } else if character == "(", previous == "\\" {
                depth = 1
            } else {
                result.append(character)
            }
            previous = character
        }
        return result
    }

    /// The types that Swift files declare.
    static func types(in files: [SourceFile]) -> Set<Substring> {
        files.reduce(into: []) { names, file in
            let keywords = ["struct ", "class ", "enum ", "actor ", "protocol "]
            // Most lines declare nothing, and an expression takes its time.
            for (_, line) in file.code where keywords.contains(where: line.contains) {
                guard let match = line.firstMatch(of: /\b(?:struct|class|enum|actor|protocol) ([A-Z]\w+)/)
                else {
                    continue
                }
                names.insert(Substring(match.output.1))
            }
        }
    }

    static func tabs(_ file: SourceFile) -> [Finding] {
        file.lines.filter { $0.text.contains("\t") }
            .map { Finding(path: file.path, line: $0.number, message: "a tab character") }
    }

    /// A bound with a number of its own, known beyond its file, outside of `Limits`.
    ///
    /// What a file keeps to itself is a matter of tuning; a bound on what comes from outside is not.
    static func boundsElsewhere(_ file: SourceFile) -> [Finding] {
        file.code.compactMap { number, line in
            // Most lines declare nothing, and an expression takes its time.
            guard line.contains("let "),
                let name = line.firstMatch(of: /let (\w+(?:Max|Limit))\b[^=]*=\s*\d/)?.1,
                !line.contains("private")
            else { return nil }
            return Finding(path: file.path, line: number, message: "\(name) belongs to BitNetCore's Limits")
        }
    }
}

/// Promises that the compiler takes our word for.
enum SafetyRules {
    /// Lines that switch a check off.
    static func promises(in file: SourceFile) -> [Int] {
        file.code
            .filter { $0.text.contains("@unchecked Sendable") || $0.text.contains("nonisolated(unsafe)") }
            .map(\.number)
    }

    /// Promises without a `Safety:` line in the doc comment or the six lines above.
    static func unexplained(_ file: SourceFile) -> [Finding] {
        let lines = file.lines.map(\.text)
        return promises(in: file).compactMap { number in
            let above = lines[..<(number - 1)].reversed()
            let comment = above.prefix { $0.drop(while: { $0 == " " }).hasPrefix("//") }
            let isExplained = (Array(comment) + above.prefix(6)).contains { $0.contains("Safety:") }
            return isExplained
                ? nil : Finding(path: file.path, line: number, message: "no “Safety:” line says why")
        }
    }
}
