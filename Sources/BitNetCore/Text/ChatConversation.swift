// SPDX-License-Identifier: MIT

/// Messages, and what is to follow them.
package struct ChatConversation: Equatable, Sendable {
    /// How a conversation is written at its end.
    package enum Ending: Equatable, Sendable {
        /// With what stands before the assistant's words: the model answers.
        case opensAnswer
        /// Inside the last message, whose end is left out: the model goes on with it.
        case continuesLast
        /// Behind the last message: the model says who speaks next.
        case closed
    }

    package var messages: [ChatMessage]
    package var ending: Ending
    /// Functions that the model may call, as the client describes them: OpenAI's objects.
    package var tools: [JSONValue] = []
    /// What else the template is told, by the names that it has for it (`chat_template_kwargs`).
    package var templateArguments: [String: JSONValue] = [:]

    /// - Parameter ending: by default a last message of the assistant is gone on with, unless it calls tools, and any
    ///   other answered.
    package init(_ messages: [ChatMessage], ending: Ending? = nil) {
        self.messages = messages
        let goesOn = messages.last.map { $0.role == .assistant && $0.toolCalls.isEmpty } ?? false
        self.ending = ending ?? (goesOn ? .continuesLast : .opensAnswer)
    }

    /// Of all that a template can write of it.
    package var byteCount: Int {
        messages.reduce(0) { $0 + $1.byteCount } + tools.reduce(0) { $0 + $1.encoded.utf8.count }
            + templateArguments.reduce(0) { $0 + $1.key.utf8.count + $1.value.encoded.utf8.count }
    }

    /// What is wrong with it; `nil` if a model can go on from it.
    package var fault: ConversationFault? {
        if messages.isEmpty { return .empty }
        if messages.count > Limits.chatMessagesMax { return .tooMany }
        return byteCount > Limits.promptBytesMax ? .tooLong : nil
    }
}

/// Why messages are no conversation that a model can go on from.
package enum ConversationFault: Equatable, Sendable {
    case empty
    /// More than `Limits.chatMessagesMax` messages.
    case tooMany
    /// More than `Limits.promptBytesMax` bytes together.
    case tooLong
}
