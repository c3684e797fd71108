// SPDX-License-Identifier: MIT

/// Why messages are no conversation that can be answered.
package enum ConversationFault: Equatable, Sendable {
    case empty
    /// More than `Limits.chatMessagesMax` messages.
    case tooMany
    /// More than `Limits.promptBytesMax` bytes together.
    case tooLong
    /// A system message that is not the first.
    case misplacedSystem(index: Int)
    /// The last message is not the user's, so that there is nothing to answer.
    case nothingToAnswer(last: ChatRole)
}

extension [ChatMessage] {
    /// What is wrong with this conversation; `nil` if it can be answered.
    package var fault: ConversationFault? {
        guard let last else { return .empty }
        if count > Limits.chatMessagesMax { return .tooMany }
        if reduce(0, { $0 + $1.content.utf8.count }) > Limits.promptBytesMax { return .tooLong }
        if let index = dropFirst().firstIndex(where: { $0.role == .system }) {
            return .misplacedSystem(index: index)
        }
        return last.role == .user ? nil : .nothingToAnswer(last: last.role)
    }
}
