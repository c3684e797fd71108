// SPDX-License-Identifier: MIT
package import BitNetCore

/// What tools want for their arguments, by the JSON schemas that a request gives: which a call in elements, all of
/// whose values are text, does not tell.
package struct ArgumentTypes: Sendable {
    /// Words of JSON Schema, by tool and argument; what is not there may be anything.
    private let types: [String: [String: Set<String>]]

    /// - Parameter tools: OpenAI's objects; what a schema says in other words than `type`, `anyOf` and `oneOf` is not
    ///   read.
    package init(tools: [JSONValue]) {
        var types: [String: [String: Set<String>]] = [:]
        for tool in tools {
            guard let function = tool["function"], case .text(let name) = function["name"],
                case .object(let properties) = function["parameters"]?["properties"]
            else { continue }
            types[name] = properties.reduce(into: [:]) { $0[$1.key] = Self.types(of: $1.value) }
        }
        self.types = types
    }

    private static func types(of schema: JSONValue) -> Set<String> {
        var types: Set<String> = []
        switch schema["type"] {
        case .text(let type): types = [type]
        case .list(let list):
            for case .text(let type) in list { types.insert(type) }
        default: break
        }
        for word in ["anyOf", "oneOf"] {
            guard case .list(let branches) = schema[word] else { continue }
            for branch in branches { types.formUnion(self.types(of: branch)) }
        }
        return types
    }

    /// The value that a text stands for.
    ///
    /// Much as with vLLM's parser for Qwen3-Coder: the text is JSON if it can be read as something that the argument may
    /// be, and a string if not. Where nothing is said of the argument, any JSON counts.
    package func value(_ text: String, of argument: String, in tool: String) -> JSONValue {
        let types = types[tool]?[argument] ?? []
        let word = String(decoding: text.utf8.trimmed, as: UTF8.self).lowercased()
        // As Python writes them.
        if types.contains("boolean"), ["true", "false"].contains(word) { return .flag(word == "true") }
        if types.contains("null"), ["null", "none"].contains(word) { return .null }
        guard types != ["string"], let value = JSONValue(parsing: text.utf8) else { return .text(text) }
        return types.isEmpty || types.contains { value.isOf(type: $0) } ? value : .text(text)
    }
}

extension JSONValue {
    /// - Parameter type: a word of JSON Schema. A string is never read as one: its quotation marks are part of it.
    fileprivate func isOf(type: String) -> Bool {
        switch self {
        case .null: type == "null"
        case .flag: type == "boolean"
        case .integer: type == "integer" || type == "number"
        case .number(let number): type == "number" || type == "integer" && number == number.rounded()
        case .text: false
        case .list: type == "array"
        case .object: type == "object"
        }
    }
}
