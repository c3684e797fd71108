// SPDX-License-Identifier: MIT
import BitNetCore

/// The messages of a chat request.
enum ChatMessages {
    /// - Throws: ``APIError`` that names the message.
    static func read(_ fields: RequestFields) throws -> [ChatMessage] {
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
        case .misplacedSystem(let index):
            throw fields.invalid("messages[\(index)]", "is the system's, which can stand first only")
        case .nothingToAnswer:
            throw fields.invalid(
                "messages[\(messages.count - 1)]",
                "is the last and must be the user's, as it is what is answered")
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
        guard let content = try fields.value("content", as: Content.self, must: must) else {
            throw fields.invalid("content", "is missing")
        }
        message = ChatMessage(role, content.text)
    }

    private struct Content: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                text = try container.decode([Part].self).map(\.text).joined()
            }
        }
    }

    private struct Part: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let fields = try RequestFields(decoder)
            guard try fields.text("type") == "text" else {
                throw fields.invalid("type", "must be “text”: this model reads text only")
            }
            guard let text = try fields.text("text") else { throw fields.invalid("text", "is missing") }
            self.text = text
        }
    }
}
