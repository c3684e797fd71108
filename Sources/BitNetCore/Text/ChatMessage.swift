// SPDX-License-Identifier: MIT

/// Who says something.
package enum ChatRole: String, CaseIterable, Sendable {
    case system, user, assistant
}

/// One turn of a conversation.
package struct ChatMessage: Equatable, Sendable {
    package let role: ChatRole
    package let content: String

    package init(_ role: ChatRole, _ content: String) {
        self.role = role
        self.content = content
    }
}
