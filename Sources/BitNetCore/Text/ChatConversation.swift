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

    /// - Parameter ending: by default a last message of the assistant is gone on with, and any other answered.
    package init(_ messages: [ChatMessage], ending: Ending? = nil) {
        self.messages = messages
        self.ending = ending ?? (messages.last?.role == .assistant ? .continuesLast : .opensAnswer)
    }

    /// Of all messages together.
    package var byteCount: Int { messages.reduce(0) { $0 + $1.content.utf8.count } }
}

/// Why messages are no conversation that a model can go on from.
package enum ConversationFault: Equatable, Sendable {
    case empty
    /// More than `Limits.chatMessagesMax` messages.
    case tooMany
    /// More than `Limits.promptBytesMax` bytes together.
    case tooLong
}

extension [ChatMessage] {
    /// What is wrong with these as a conversation; `nil` if a model can go on from them.
    package var fault: ConversationFault? {
        if isEmpty { return .empty }
        if count > Limits.chatMessagesMax { return .tooMany }
        return ChatConversation(self).byteCount > Limits.promptBytesMax ? .tooLong : nil
    }
}
