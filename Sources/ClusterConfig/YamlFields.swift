// SPDX-License-Identifier: MIT

import Yams

/// A mapping all of whose keys are known.
struct YamlFields {
    private let owner: String
    private let line: Int
    private var values: [String: YamlValue] = [:]

    /// - Parameters:
    ///   - owner: what the mapping describes, for messages.
    ///   - known: the keys that it may have.
    init(_ value: YamlValue, of owner: String, known: [String]) throws(ConfigError) {
        guard case .mapping(let mapping) = value.node else {
            throw value.mismatch("a mapping with the keys \(known.joined(separator: ", "))")
        }
        self.owner = owner
        line = value.line
        for (key, node) in mapping {
            guard case .scalar(let scalar) = key else {
                throw ConfigError(line: key.mark?.line ?? line, "a key of \(owner) must be a word")
            }
            guard known.contains(scalar.string) else {
                throw ConfigError(line: key.mark?.line ?? line, Self.unknown(scalar.string, owner, known))
            }
            values[scalar.string] = YamlValue(node: node, name: "“\(scalar.string)”")
        }
    }

    func optional(_ key: String) -> YamlValue? { values[key] }

    func required(_ key: String) throws(ConfigError) -> YamlValue {
        guard let value = values[key] else { throw ConfigError(line: line, "\(owner) has no “\(key)”") }
        return value
    }

    private static func unknown(_ key: String, _ owner: String, _ known: [String]) -> String {
        let shown = String(key.prefix(40))
        let nearest = known.min { editDistance(shown, $0) < editDistance(shown, $1) } ?? ""
        return "“\(shown)” is no key of \(owner); did you mean “\(nearest)”? Keys are "
            + known.joined(separator: ", ")
    }
}

/// Insertions, deletions and replacements of single characters that turn one word into the other
/// (Levenshtein's distance).
func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in right.indices {
            let replaced = diagonal + (character == right[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
        }
    }
    return row[right.count]
}
