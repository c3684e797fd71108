// SPDX-License-Identifier: MIT

/// What a model is given to go on from.
package enum Prompt: Equatable, Sendable {
    /// Plain text; whether the text of a special token in it becomes that token.
    case text(String, readsMarkers: Bool = false)
    /// Token ids, taken as they are.
    case tokens([UInt32])
    /// A conversation as its template writes it.
    case pieces([PromptPiece])
    /// A conversation, for the model's own template.
    case conversation(ChatConversation)
}

/// A part of a prompt that a chat template has made.
package enum PromptPiece: Equatable, Sendable {
    /// The token that stands before every text, if the model has one.
    ///
    /// Unless forced, only where the tokenizer puts it before every text anyway.
    case beginning(isForced: Bool)
    /// A special token by its text; ordinary text in a vocabulary that has no such token.
    case marker(String)
    /// Text, in which no special token is read.
    case text(String)
}
