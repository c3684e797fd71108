// SPDX-License-Identifier: MIT
import BitNetCore

/// The messages of a chat request, and how its end is written.
enum ChatMessages {
    /// Reads `messages`, what their template is told beside them and, as vLLM has them, `add_generation_prompt` and
    /// `continue_final_message`.
    ///
    /// - Throws: ``APIError`` that names the message.
    static func conversation(_ fields: RequestFields) throws -> ChatConversation {
        let messages = try messages(fields)
        var conversation = ChatConversation(messages, ending: try ending(fields, behind: messages))
        conversation.tools = try ToolFields.tools(fields)
        conversation.templateArguments = try TemplateArguments.read(fields)
        switch conversation.fault {
        case nil: return conversation
        case .empty: throw fields.invalid("messages", "must not be empty")
        case .tooMany: throw fields.invalid("messages", "may be \(Limits.chatMessagesMax) at most")
        case .tooLong:
            throw fields.invalid(
                "messages", "may have \(Limits.promptBytesMax) bytes at most, together with “tools”")
        }
    }

    /// - Returns: `nil` for what the last message asks for.
    private static func ending(
        _ fields: RequestFields, behind messages: [ChatMessage]
    ) throws -> ChatConversation.Ending? {
        let opens = try fields.flag("add_generation_prompt")
        switch (try fields.flag("continue_final_message"), opens) {
        case (true, true):
            throw fields.invalid(
                "continue_final_message", "cannot be true together with “add_generation_prompt”")
        case (true, _): return .continuesLast
        case (_, true), (false, nil): return .opensAnswer
        case (false, false): return .closed
        case (nil, nil): return nil
        case (nil, false):
            return ChatConversation(messages).ending == .continuesLast ? .continuesLast : .closed
        }
    }

    private static func messages(_ fields: RequestFields) throws -> [ChatMessage] {
        let must = "must be an array of messages"
        guard let list = try fields.value("messages", as: [WrittenMessage].self, must: must) else {
            throw fields.invalid("messages", "is missing")
        }
        return list.map(\.message)
    }
}

private struct WrittenMessage: Decodable {
    let message: ChatMessage

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        guard let name = try fields.text("role") else { throw fields.invalid("role", "is missing") }
        // OpenAI's newer word for the same.
        guard let role = ChatRole(rawValue: name == "developer" ? "system" : name) else {
            throw fields.invalid("role", "must be system, developer, user, assistant or tool")
        }
        try fields.refuse("function_call", "this model calls no functions: use “tool_calls”")
        try fields.refuse("audio", "this model reads text only")
        var message = ChatMessage(role, try Self.content(fields))
        if role == .assistant {
            message.reasoning = try fields.text("reasoning_content") ?? fields.text("reasoning")
            message.toolCalls = try ToolFields.calls(fields)
        } else if fields.has("tool_calls"), !fields.isEmptyList("tool_calls") {
            throw fields.invalid("tool_calls", "is only for messages of the assistant")
        }
        // Clients send back an answer as they got it: one that said nothing, or refused.
        if message.content == nil {
            guard role == .assistant else { throw fields.invalid("content", "is missing") }
            let refusal = try fields.text("refusal")
            message.content =
                refusal.map { .text($0) } ?? (message.toolCalls.isEmpty ? .text("") : nil)
        }
        message.toolCallID = try fields.text("tool_call_id")
        message.name = try fields.text("name")
        self.message = message
    }

    private static func content(_ fields: RequestFields) throws -> ChatContent? {
        let must = "must be a string or an array of parts of the type “text”"
        return try fields.value("content", as: Content.self, must: must)?.content
    }

    private struct Content: Decodable {
        let content: ChatContent

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                content = .text(text)
            } else {
                content = .parts(try container.decode([Part].self).map(\.text))
            }
        }
    }

    private struct Part: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let fields = try RequestFields(decoder)
            let kind = try fields.text("type")
            guard let kind, ["text", "refusal"].contains(kind) else {
                throw fields.invalid("type", "must be “text”: this model reads text only")
            }
            guard let text = try fields.text(kind) else { throw fields.invalid(kind, "is missing") }
            self.text = text
        }
    }
}
