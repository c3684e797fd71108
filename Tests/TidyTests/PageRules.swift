// SPDX-License-Identifier: MIT

/// Whether what a page points to is there.
enum PageRules {
    /// Paths in the text or in commands, relative to the repository's top or to the page, that `exists` denies.
    static func missingPaths(_ page: SourceFile, _ exists: (String) -> Bool) -> [Finding] {
        var isCommand = false
        return page.lines.flatMap { number, line -> [Finding] in
            if line.hasPrefix("```") {
                isCommand.toggle()
                return []
            }
            let paths = isCommand ? commandPaths(in: line) : textPaths(in: line)
            return paths.filter { path in
                !exists(path) && (isCommand || !exists(page.folder + "/" + path))
            }
            .map { Finding(path: page.path, line: number, message: "“\($0)” is not there") }
        }
    }

    /// In a text a path is what stands in backticks, in front of its arguments, and has a slash inside.
    private static func textPaths(in line: Substring) -> [String] {
        line.matches(of: /`([^`]+)`/).compactMap { span in
            let word = span.output.1.prefix { $0 != " " }
            let isPath = word.wholeMatch(of: /\w[\w.+\-*]*(\/[\w.+\-*]+)+\/?/) != nil
            return isPath && !isPlaceholder(word) ? String(word) : nil
        }
    }

    /// In a command a path is what begins with a folder of the repository.
    private static func commandPaths(in line: Substring) -> [String] {
        line.split(separator: " ").filter { word in
            word.wholeMatch(of: /(Sources|Tests|cluster|proto)(\/[\w.+\-]+)+\/?/) != nil
        }
        .map(String.init)
    }

    /// `corpus/TARGET/` is for the reader to fill in.
    private static func isPlaceholder(_ word: Substring) -> Bool {
        word.split(separator: "/").contains { $0.allSatisfy(\.isUppercase) }
    }

    /// Links to other pages, or to headings, that lead nowhere.
    ///
    /// - Parameter text: The text of a file of the repository, `nil` if there is none; empty for a folder.
    static func deadLinks(_ page: SourceFile, _ text: (String) -> String?) -> [Finding] {
        page.lines.flatMap { number, line in
            line.matches(of: /\]\(([^)#:]*)(?:#([^)]*))?\)/).compactMap { link in
                let (path, heading) = (link.output.1, link.output.2)
                let target = path.isEmpty ? page.path : resolved(path, from: page.folder)
                let isThere = text(target).map { text in
                    heading.map { anchors(in: text).contains($0) } ?? true
                }
                return isThere == true
                    ? nil
                    : Finding(
                        path: page.path, line: number, message: "the link “\(link.output.0)” leads nowhere")
            }
        }
    }

    private static func resolved(_ path: Substring, from folder: String) -> String {
        var parts = folder.split(separator: "/")
        for part in path.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// Headings as links name them.
    private static func anchors(in text: String) -> Set<Substring> {
        Set(
            text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
                let words = line.drop { $0 == "#" || $0 == " " }.lowercased()
                return words.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" }
                    .replacing(" ", with: "-")[...]
            })
    }
}

extension SourceFile {
    /// Where it is, relative to the repository's top; empty at the top.
    fileprivate var folder: String {
        path.split(separator: "/").dropLast().joined(separator: "/")
    }
}
