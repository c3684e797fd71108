// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetTokenizer

/// Between a model's tokens and what people write: its tokenizer and, for a chat model, its template.
package struct TextCodec: Sendable {
    package let tokenizer: Tokenizer
    package let template: ChatTemplate?

    package init(tokenizer: Tokenizer, template: ChatTemplate?) {
        self.tokenizer = tokenizer
        self.template = template
    }

    /// The prompt as the model gets it.
    package func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] {
        let tokens =
            switch prompt {
            case .text(let text): tokenizer.encode(text, addsBeginning: tokenizer.addsBeginning)
            case .tokens(let tokens): tokens
            case .pieces(let pieces): tokenizer.encode(pieces: pieces)
            case .conversation(let messages): tokenizer.encode(pieces: try pieces(of: messages))
            }
        try check(tokens)
        return tokens
    }

    /// The conversation as the template writes it, special tokens by their text.
    package func rendered(_ messages: [ChatMessage]) throws(GenerationError) -> String {
        try pieces(of: messages).map { piece in
            switch piece {
            case .beginning(let isForced):
                isForced || tokenizer.addsBeginning ? tokenizer.beginningToken.map(tokenizer.text) ?? "" : ""
            case .marker(let text), .text(let text): text
            }
        }.joined()
    }

    /// The text that the tokens stand for.
    package func text(of tokens: [UInt32]) throws(GenerationError) -> String {
        try check(tokens)
        return tokenizer.decode(tokens)
    }

    /// The bytes of a token; none for one that there is not.
    package func bytes(of token: UInt32) -> [UInt8] {
        token < tokenizer.count ? Array(tokenizer.bytes(of: token)) : []
    }

    package func detokenizer() -> Detokenizer { Detokenizer(tokenizer) }

    /// What ends the generation: tokens, and texts.
    func ending(of request: GenerationRequest) -> (tokens: Set<UInt32>, texts: [String]) {
        guard !request.ignoresStopTokens else { return ([], request.stopTexts) }
        var markers = request.stopMarkers
        var texts = request.stopTexts
        if case .conversation = request.prompt, let template {
            markers += template.stopMarkers
            texts += template.stopTexts
        }
        return (tokenizer.stopTokens.union(markers.compactMap(tokenizer.specialToken)), texts)
    }

    private func pieces(of messages: [ChatMessage]) throws(GenerationError) -> [PromptPiece] {
        guard let template else {
            throw GenerationError(
                .invalid,
                "the model has no chat template: send a plain prompt, or start the coordinator with --chat-template"
            )
        }
        return template.pieces(for: messages)
    }

    private func check(_ tokens: [UInt32]) throws(GenerationError) {
        guard let token = tokens.first(where: { $0 >= tokenizer.count }) else { return }
        throw GenerationError(.invalid, "token \(token) is not one of the model's \(tokenizer.count)")
    }
}
