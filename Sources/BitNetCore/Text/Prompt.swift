// SPDX-License-Identifier: MIT

/// What a model is given to go on from.
package enum Prompt: Equatable, Sendable {
    /// Plain text, in which no special token is read.
    case text(String)
    /// Token ids, taken as they are.
    case tokens([UInt32])
    /// A conversation as its template writes it.
    case pieces([PromptPiece])
    /// A conversation whose last message is to be answered, for the model's own template.
    case conversation([ChatMessage])
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
