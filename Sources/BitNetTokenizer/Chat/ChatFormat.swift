// SPDX-License-Identifier: MIT

package import BitNetCore

/// How a family of models writes a conversation, for files that carry no template, or one known to be wrong.
///
/// Each gives what its published template gives, byte for byte, but that the words of a message can never become a
/// special token. None writes tools.
package enum ChatFormat: String, CaseIterable, Sendable {
    /// Microsoft's 2B-4T, as it was trained; the template inside its official GGUF is another and wrong.
    case bitnet
    /// Llama-3 Instruct.
    case llama3
    /// Falcon3 Instruct.
    case falcon3
    /// Falcon-E Instruct, and many others.
    case chatml

    /// The prompt that makes the model go on from a conversation.
    package func pieces(for conversation: ChatConversation) -> [PromptPiece] {
        var pieces: [PromptPiece] = []
        switch self {
        case .bitnet, .llama3: pieces.append(.beginning(isForced: true))
        case .chatml, .falcon3: pieces.append(.beginning(isForced: false))
        }
        let messages = conversation.messages
        for (index, message) in messages.enumerated() {
            let isLast = index == messages.count - 1
            pieces += opening(message.role) + words(of: message)
            if !isLast || conversation.ending != .continuesLast { pieces += end(of: message, isLast: isLast) }
        }
        return conversation.ending == .opensAnswer ? pieces + opening(.assistant) : pieces
    }

    private func words(of message: ChatMessage) -> [PromptPiece] {
        switch self {
        case .bitnet, .llama3: [.text(Self.trimmed(message.text))]
        case .falcon3, .chatml: [.text(message.text)]
        }
    }

    /// What stands behind the words of a message.
    private func end(of message: ChatMessage, isLast: Bool) -> [PromptPiece] {
        switch self {
        case .bitnet, .llama3: [.marker("<|eot_id|>")]
        case .falcon3 where message.role == .assistant:
            [.marker("<|endoftext|>")] + (isLast ? [] : [.text("\n")])
        case .falcon3: [.text("\n")]
        case .chatml: [.marker("<|im_end|>"), .text("\n")]
        }
    }

    /// What stands before the words of a role.
    private func opening(_ role: ChatRole) -> [PromptPiece] {
        switch self {
        case .bitnet:
            let name =
                switch role {
                case .system: "System"
                case .user: "User"
                case .assistant: "Assistant"
                case .tool: "Tool"
                }
            return [.text(name + ": ")]
        case .llama3:
            return [
                .marker("<|start_header_id|>"), .text(role.rawValue), .marker("<|end_header_id|>"),
                .text("\n\n"),
            ]
        case .falcon3: return [.marker("<|\(role.rawValue)|>"), .text("\n")]
        case .chatml: return [.marker("<|im_start|>"), .text(role.rawValue + "\n")]
        }
    }

    /// The names, for messages.
    package static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }

    // MARK: Vocabulary

    /// Tokens without which the model does not know this format.
    ///
    /// Falcon3's vocabulary has none for its roles, which are ordinary text there.
    package var requiredMarkers: [String] {
        switch self {
        case .bitnet: ["<|eot_id|>"]
        case .llama3: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
        case .falcon3: ["<|endoftext|>"]
        case .chatml: ["<|im_start|>", "<|im_end|>"]
        }
    }

    /// Tokens that end an answer, beside those that end every generation.
    package var stopMarkers: [String] {
        switch self {
        case .bitnet, .llama3: ["<|eot_id|>", "<|end_of_text|>"]
        case .falcon3: ["<|endoftext|>", "<|user|>"]
        case .chatml: ["<|im_end|>", "<|endoftext|>"]
        }
    }

    /// Texts that end an answer: a model that goes on with the user's part.
    package var stopTexts: [String] {
        self == .falcon3 ? ["<|user|>"] : []
    }

    /// `text` without white space at its ends, as Python's `strip` sees it.
    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isPythonSpace }),
            let last = scalars.lastIndex(where: { !$0.isPythonSpace })
        else { return "" }
        return String(scalars[first...last])
    }
}
