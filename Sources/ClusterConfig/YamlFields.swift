// SPDX-License-Identifier: MIT

import BitNetCore
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
        let nearest = Spelling.nearest(to: shown, among: known) ?? ""
        return "“\(shown)” is no key of \(owner); did you mean “\(nearest)”? Keys are "
            + known.joined(separator: ", ")
    }
}
