// SPDX-License-Identifier: MIT

import BitNetCore
import Jinja

extension ChatConversation {
    /// What `apply_chat_template` gives a template, but the names of special tokens.
    ///
    /// - Parameter text: makes of each text that came from outside what the template gets.
    func variables(_ traits: TemplateTraits, _ text: (String) -> String) -> [(String, JinjaValue)] {
        templateArguments.map { ($0.key, JinjaValue($0.value, text)) } + [
            ("messages", JinjaValue(messages.map { JinjaValue($0.entries(traits, text)) })),
            ("tools", tools.isEmpty ? .null : JinjaValue(tools.map { JinjaValue($0, text) })),
            ("documents", .null), ("add_generation_prompt", .bool(ending == .opensAnswer)),
        ]
    }
}

extension ChatMessage {
    /// Only what it has, as templates ask whether there is such a key.
    fileprivate func entries(
        _ traits: TemplateTraits, _ text: (String) -> String
    ) -> [(String, JinjaValue)] {
        var entries: [(String, JinjaValue)] = [
            ("role", .string(role.rawValue)), ("content", content(traits, text)),
        ]
        if let reasoning { entries.append(("reasoning_content", .string(text(reasoning)))) }
        if !toolCalls.isEmpty {
            entries.append(("tool_calls", JinjaValue(toolCalls.map { $0.value(text) })))
        }
        if let toolCallID { entries.append(("tool_call_id", .string(text(toolCallID)))) }
        if let name { entries.append(("name", .string(text(name)))) }
        return entries
    }

    /// In a form that the template takes.
    private func content(_ traits: TemplateTraits, _ text: (String) -> String) -> JinjaValue {
        func value(_ parts: [String]) -> JinjaValue {
            JinjaValue(parts.map { JinjaValue([("type", "text"), ("text", .string(text($0)))]) })
        }
        switch content {
        case .parts(let parts) where traits.takesParts: return value(parts)
        case nil where traits.takesNoContent: return .null
        default: return traits.takesText ? .string(text(self.text)) : value([self.text])
        }
    }
}

extension ToolCall {
    fileprivate func value(_ text: (String) -> String) -> JinjaValue {
        let function = JinjaValue([
            ("name", .string(text(name))), ("arguments", JinjaValue(arguments, text)),
        ])
        let id: [(String, JinjaValue)] = id.map { [("id", .string(text($0)))] } ?? []
        return JinjaValue(id + [("type", "function"), ("function", function)])
    }
}

extension JinjaValue {
    fileprivate init(_ value: JSONValue, _ text: (String) -> String) {
        self =
            switch value {
            case .null: .null
            case .flag(let flag): .bool(flag)
            case .integer(let integer): .int(integer)
            case .number(let number): .float(number)
            case .text(let words): .string(text(words))
            case .list(let values): JinjaValue(values.map { JinjaValue($0, text) })
            case .object(let members):
                JinjaValue(members.map { (text($0.key), JinjaValue($0.value, text)) })
            }
    }
}
