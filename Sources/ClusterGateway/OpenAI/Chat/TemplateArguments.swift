// SPDX-License-Identifier: MIT
import BitNetCore

/// What a request tells its chat template beside the conversation.
enum TemplateArguments {
    /// Names that a request has other fields for.
    private static let reserved = [
        "messages", "tools", "documents", "add_generation_prompt", "continue_final_message",
    ]

    /// Reads `chat_template_kwargs`, and beside it `enable_thinking` and `reasoning_effort`, which it overrides.
    ///
    /// No effort (`none`) is no thinking.
    static func read(_ fields: RequestFields) throws -> [String: JSONValue] {
        var arguments: [String: JSONValue] = [:]
        if let effort = try fields.text("reasoning_effort") {
            arguments["reasoning_effort"] = .text(effort)
            if effort == "none" { arguments["enable_thinking"] = .flag(false) }
        }
        if let thinks = try fields.flag("enable_thinking") { arguments["enable_thinking"] = .flag(thinks) }
        guard let written = try fields.writtenValue("chat_template_kwargs") else { return arguments }
        guard case .object(let members) = written else {
            throw fields.invalid("chat_template_kwargs", "must be an object")
        }
        for (name, value) in members {
            guard !reserved.contains(name) else {
                throw fields.invalid("chat_template_kwargs.\(name)", "has a field of the request of its own")
            }
            arguments[name] = value
        }
        return arguments
    }
}
