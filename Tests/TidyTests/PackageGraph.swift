// SPDX-License-Identifier: MIT

/// The targets that Package.swift declares, and what each depends on, read from its text.
///
/// It understands the manner in which the manifest of this repository is written, not every manifest.
struct PackageGraph {
    struct Target {
        let name: String
        /// Where its files are, relative to the repository's top.
        let folder: String
        /// Targets of this package that it may import.
        let targets: Set<String>
        /// Modules of other packages that it may import.
        let products: Set<String>
    }

    /// In the order in which they are declared.
    let targets: [Target]

    init(manifest: String) {
        let text = manifest.split(separator: "\n")
            .filter { !$0.drop(while: { $0 == " " }).hasPrefix("//") }
            .joined(separator: "\n")
        let shared = Self.sharedProducts(in: text)
        targets = text.matches(of: /(\.(?:target|executableTarget|systemLibrary)|\btests)\(\s*(?:name: )?"/)
            .map { match in
                let declaration = Self.parenthesised(text[match.range.lowerBound...])
                return Self.target(
                    declaredBy: declaration, shared, isTest: match.output.1 == "tests")
            }
    }

    /// `let log = product("Logging", "swift-log")`, and lists of such.
    private static func sharedProducts(in text: String) -> [Substring: Set<String>] {
        let lines = text.matches(of: /(?m)^let (\w+)(?:: \[Target\.Dependency\])? = (\[?product\(.*)$/)
        return Dictionary(
            lines.map { ($0.output.1, products(in: $0.output.2)) }, uniquingKeysWith: { $1 })
    }

    private static func products(in text: Substring) -> Set<String> {
        Set(text.matches(of: /product\("([^"]+)"/).map { String($0.output.1) })
    }

    private static func target(
        declaredBy text: Substring, _ shared: [Substring: Set<String>], isTest: Bool
    ) -> Target {
        let name = text.firstMatch(of: /"([^"]+)"/).map { String($0.output.1) } ?? ""
        let path = text.firstMatch(of: /path: "([^"]+)"/).map { String($0.output.1) }
        // What follows the name, up to the next argument that is no dependency.
        let behindName = text.drop { $0 != "," }
        let dependencies =
            isTest
            ? behindName
            : behindName.firstRange(of: "dependencies:").map { behindName[$0.upperBound...] } ?? ""
        let list = dependencies.prefix(upTo: /\w+Settings:|path:|providers:/)
        let names = list.replacing(/product\([^)]*\)/, with: "")
        return Target(
            name: name, folder: path ?? "\(isTest ? "Tests" : "Sources")/\(name)",
            targets: Set(names.matches(of: /"([^"]+)"/).map { String($0.output.1) }),
            products: names.matches(of: /\b[a-z]\w*/).reduce(into: products(in: list)) {
                $0.formUnion(shared[$1.output] ?? [])
            })
    }

    /// Up to the parenthesis that closes the first one.
    private static func parenthesised(_ text: Substring) -> Substring {
        var depth = 0
        let end = text.indices.first { index in
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            return depth == 0 && text[index] == ")"
        }
        return text[..<(end ?? text.endIndex)]
    }

    // MARK: Questions

    func target(named name: String) -> Target? {
        targets.first { $0.name == name }
    }

    /// The target that a file belongs to.
    func target(ofFile path: String) -> Target? {
        targets.first { path.hasPrefix($0.folder + "/") }
    }

    /// All targets and modules that a target depends on, directly or through others, and itself.
    func reached(from name: String) -> Set<String> {
        var reached: Set<String> = []
        var waiting = [name]
        while let next = waiting.popLast() {
            guard reached.insert(next).inserted, let target = target(named: next) else { continue }
            waiting += target.targets
            reached.formUnion(target.products)
        }
        return reached
    }
}

extension Substring {
    /// What stands before the first match, or all.
    fileprivate func prefix(upTo pattern: some RegexComponent) -> Substring {
        firstMatch(of: pattern).map { self[..<$0.range.lowerBound] } ?? self
    }
}
