// SPDX-License-Identifier: MIT

/// How C files include each other.
enum IncludeRules {
    /// Includes that stand behind the first line of code.
    static func late(_ file: SourceFile) -> [Finding] {
        var codeHasBegun = false
        return file.code.compactMap { number, line in
            let line = line.drop(while: \.isWhitespace)
            if line.hasPrefix("#include") {
                return codeHasBegun
                    ? Finding(path: file.path, line: number, message: "an include behind code") : nil
            }
            if !line.isEmpty, !line.hasPrefix("#") { codeHasBegun = true }
            return nil
        }
    }

    /// Files of one target, with includes by paths from its folder, that include themselves by way of others.
    static func circles(_ files: [SourceFile]) -> [Finding] {
        let included = Dictionary(
            files.map { file in (file.path, includes(of: file, among: files)) }, uniquingKeysWith: { $1 })
        return files.compactMap { file in
            var seen: Set<String> = []
            var waiting = included[file.path] ?? []
            while let next = waiting.popLast() {
                if seen.insert(next).inserted { waiting += included[next] ?? [] }
            }
            return seen.contains(file.path)
                ? Finding(path: file.path, line: 1, message: "includes itself by way of others") : nil
        }
    }

    private static func includes(of file: SourceFile, among files: [SourceFile]) -> [String] {
        file.lines.compactMap { _, line in
            let words = line.split(separator: "\"", omittingEmptySubsequences: false)
            guard words.count == 3, words[0].hasPrefix("#include") else { return nil }
            return files.first { $0.path.hasSuffix("/" + words[1]) }?.path
        }
    }
}
