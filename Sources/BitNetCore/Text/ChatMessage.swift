// SPDX-License-Identifier: MIT

/// Who says something.
package enum ChatRole: String, CaseIterable, Sendable {
    case system, user, assistant
    /// What a function that the model has called gave back.
    case tool
}

/// One turn of a conversation.
package struct ChatMessage: Equatable, Sendable {
    package let role: ChatRole
    /// `nil` for an answer that says nothing and only calls tools.
    package var content: ChatContent?
    /// What the assistant has thought before.
    package var reasoning: String?
    /// Functions that the assistant has called.
    package var toolCalls: [ToolCall] = []
    /// Of a tool: which of the calls it answers.
    package var toolCallID: String?
    /// Of a tool, the function's; of others, their own.
    package var name: String?

    package init(_ role: ChatRole, _ content: ChatContent?) {
        self.role = role
        self.content = content
    }

    package init(_ role: ChatRole, _ text: String) {
        self.init(role, .text(text))
    }

    /// What it says; nothing if it only calls tools.
    package var text: String { content?.text ?? "" }

    /// Of all that a template can write of it.
    var byteCount: Int {
        toolCalls.reduce(
            text.utf8.count + (reasoning?.utf8.count ?? 0) + (toolCallID?.utf8.count ?? 0)
                + (name?.utf8.count ?? 0)
        ) { $0 + $1.byteCount }
    }
}

/// What a message says: a text, or several.
package enum ChatContent: Equatable, Sendable {
    case text(String)
    case parts([String])

    /// All of it; parts a line each, as llama.cpp and vLLM write them.
    package var text: String {
        switch self {
        case .text(let text): text
        case .parts(let parts): parts.joined(separator: "\n")
        }
    }
}

/// A function that the assistant wants called.
package struct ToolCall: Equatable, Sendable {
    package var id: String?
    package var name: String
    /// An object.
    package var arguments: JSONValue

    package init(id: String? = nil, name: String, arguments: JSONValue) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }

    fileprivate var byteCount: Int { (id?.utf8.count ?? 0) + name.utf8.count + arguments.encoded.utf8.count }
}
