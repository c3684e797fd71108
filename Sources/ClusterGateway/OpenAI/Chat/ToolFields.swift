// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird

/// Tools that a request offers, and calls that its messages tell of.
enum ToolFields {
    /// Who says whether tools are called.
    enum Choice: String, CaseIterable {
        /// Nobody: tools may be named, but the model is not told of them.
        case none
        /// The model.
        case auto
    }

    /// `tool_choice`.
    static func choice(_ fields: RequestFields) throws -> Choice {
        guard fields.has("tool_choice") else { return .auto }
        guard let choice = fields.word("tool_choice").flatMap(Choice.init) else {
            throw fields.invalid(
                "tool_choice", "can be “none” or “auto” only: answers are not constrained")
        }
        return choice
    }

    /// `tools`, as they are written; none if none may be called.
    static func tools(_ fields: RequestFields) throws -> [JSONValue] {
        guard try choice(fields) != .none, let written = try fields.writtenValue("tools") else { return [] }
        guard case .list(let tools) = written else {
            throw fields.invalid("tools", "must be an array of tools")
        }
        for (index, tool) in tools.enumerated() {
            guard tool["type"] == .text("function") else {
                throw fields.invalid("tools[\(index)].type", "must be “function”")
            }
            guard case .text = tool["function"]?["name"] else {
                throw fields.invalid("tools[\(index)].function.name", "must be a string")
            }
        }
        return tools
    }

    /// `tool_calls` of a message.
    static func calls(_ fields: RequestFields) throws -> [ToolCall] {
        try fields.value("tool_calls", as: [WrittenCall].self, must: "must be an array of calls")?
            .map(\.call) ?? []
    }
}

extension ChatConversation {
    /// - Throws: ``APIError`` if tools are offered to a model whose template does not write them.
    func checkTools(of model: ServedModel) throws {
        guard !tools.isEmpty, !model.readsTools else { return }
        throw APIError(
            .badRequest,
            "“tools” is not supported: the chat template of “\(model.id)” writes none; “tool_choice”: \"none\" lets them be named",
            type: "invalid_request_error", parameter: "tools", code: "unsupported_parameter")
    }
}

private struct WrittenCall: Decodable {
    let call: ToolCall

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        let must = "must be an object with “name” and “arguments”"
        guard var function = try fields.value("function", as: Function.self, must: must) else {
            throw fields.invalid("function", "is missing")
        }
        function.call.id = try fields.text("id")
        call = function.call
    }

    private struct Function: Decodable {
        var call: ToolCall

        init(from decoder: any Decoder) throws {
            let fields = try RequestFields(decoder)
            guard let name = try fields.text("name") else { throw fields.invalid("name", "is missing") }
            call = ToolCall(name: name, arguments: try Self.arguments(fields))
        }

        /// A string that holds an object, as it was given to the client; no text is no arguments.
        private static func arguments(_ fields: RequestFields) throws -> JSONValue {
            let must = "must be a string that holds a JSON object"
            guard let text = try fields.value("arguments", as: String.self, must: must), !text.isEmpty else {
                return .object([])
            }
            var copy = text
            let value = copy.withUTF8 { bytes -> JSONValue? in
                var json = JSONReader<JSONError>(UnsafeRawBufferPointer(bytes), file: "arguments")
                guard let value = try? json.readValue(), (try? json.finish()) != nil else { return nil }
                return value
            }
            guard let value, case .object = value else { throw fields.invalid("arguments", must) }
            return value
        }
    }
}
