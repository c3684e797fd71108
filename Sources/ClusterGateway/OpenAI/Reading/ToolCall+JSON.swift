// SPDX-License-Identifier: MIT
import BitNetCore

extension ToolCall {
    /// Reads `{"name": "NAME", "arguments": {…}}`, as a model writes it.
    ///
    /// Arguments that are left out are none; those that stand in a string once more are taken out of it. Other members
    /// mean nothing.
    /// - Returns: `nil` if the text is nothing of the kind.
    init?(json text: some Collection<UInt8>) {
        guard let value = JSONValue(parsing: text), case .text(let name) = value["name"], !name.isEmpty else {
            return nil
        }
        switch value["arguments"] {
        case nil, .null: self.init(name: name, arguments: .object([]))
        case .object(let members): self.init(name: name, arguments: .object(members))
        case .text(let written):
            guard let arguments = JSONValue(parsing: written.utf8), case .object = arguments else {
                return nil
            }
            self.init(name: name, arguments: arguments)
        default: return nil
        }
    }
}

extension JSONValue {
    /// - Returns: `nil` if the text is not one JSON value, or holds more than `Limits.jsonValuesMax`.
    init?(parsing text: some Collection<UInt8>) {
        let value = Array(text).withUnsafeBytes { bytes -> JSONValue? in
            do throws(JSONError) {
                var json = JSONReader<JSONError>(bytes, file: "a model's answer")
                let value = try json.readValue()
                try json.finish()
                return value
            } catch {
                return nil
            }
        }
        guard let value else { return nil }
        self = value
    }
}
