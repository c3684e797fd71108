// SPDX-License-Identifier: MIT
import BitNetCore

/// The messages of a chat request, and how its end is written.
enum ChatMessages {
    /// Reads `messages` and, as vLLM has them, `add_generation_prompt` and `continue_final_message`.
    ///
    /// - Throws: ``APIError`` that names the message.
    static func conversation(_ fields: RequestFields) throws -> ChatConversation {
        let messages = try messages(fields)
        let opens = try fields.flag("add_generation_prompt")
        let continues = try fields.flag("continue_final_message")
        switch (continues, opens) {
        case (true, true):
            throw fields.invalid(
                "continue_final_message", "cannot be true together with “add_generation_prompt”")
        case (true, _): return ChatConversation(messages, ending: .continuesLast)
        case (_, true), (false, nil): return ChatConversation(messages, ending: .opensAnswer)
        case (false, false): return ChatConversation(messages, ending: .closed)
        case (nil, let opens):
            let conversation = ChatConversation(messages)
            let isOpen = opens == nil || conversation.ending == .continuesLast
            return isOpen ? conversation : ChatConversation(messages, ending: .closed)
        }
    }

    private static func messages(_ fields: RequestFields) throws -> [ChatMessage] {
        let must = "must be an array of messages"
        guard let list = try fields.value("messages", as: [WrittenMessage].self, must: must) else {
            throw fields.invalid("messages", "is missing")
        }
        let messages = list.map(\.message)
        switch messages.fault {
        case nil: return messages
        case .empty: throw fields.invalid("messages", "must not be empty")
        case .tooMany: throw fields.invalid("messages", "may be \(Limits.chatMessagesMax) at most")
        case .tooLong:
            throw fields.invalid("messages", "may have \(Limits.promptBytesMax) bytes together at most")
        }
    }
}

private struct WrittenMessage: Decodable {
    let message: ChatMessage

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        guard let name = try fields.text("role") else { throw fields.invalid("role", "is missing") }
        // OpenAI's newer word for the same.
        guard let role = ChatRole(rawValue: name == "developer" ? "system" : name) else {
            throw fields.invalid(
                "role", "must be system, developer, user or assistant: this model calls no tools")
        }
        try fields.refuse("tool_calls", "this model calls no tools")
        try fields.refuse("function_call", "this model calls no functions")
        try fields.refuse("audio", "this model reads text only")
        let must = "must be a string or an array of parts of the type “text”"
        if let content = try fields.value("content", as: Content.self, must: must) {
            message = ChatMessage(role, content.text)
        } else {
            // Clients send back an answer as they got it: one that said nothing, or refused.
            guard role == .assistant else { throw fields.invalid("content", "is missing") }
            message = ChatMessage(role, try fields.text("refusal") ?? "")
        }
    }

    private struct Content: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                // A line each, as llama.cpp and vLLM write them.
                text = try container.decode([Part].self).map(\.text).joined(separator: "\n")
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
