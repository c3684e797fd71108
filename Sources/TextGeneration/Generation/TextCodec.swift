// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetTokenizer

/// Between a model's tokens and what people write: its tokenizer and, for a chat model, its template.
package struct TextCodec: Sendable {
    package let tokenizer: Tokenizer
    package let template: ChatTemplate?
    /// What those are told who send a conversation and there is no template.
    private let missingTemplate: String
    /// Tokens of ``answerForm``'s tags.
    private let tags: Set<UInt32>
    /// What the model's answers to conversations hold beside words.
    package let answerForm: AnswerForm
    /// Seconds since 1970, for templates that write the date.
    private let clock: @Sendable () -> Double

    /// - Parameters:
    ///   - missingTemplate: why there is no template, and what to do about it.
    ///   - clock: tells the seconds since 1970.
    package init(
        tokenizer: Tokenizer, template: ChatTemplate?,
        missingTemplate: String =
            "the model has no chat template: send a plain prompt, or start the coordinator with --chat-template",
        clock: @escaping @Sendable () -> Double = { WallClock.seconds }
    ) {
        self.tokenizer = tokenizer
        self.template = template
        self.missingTemplate = missingTemplate
        self.clock = clock
        answerForm = template?.source.map(AnswerForm.init(template:)) ?? AnswerForm()
        tags = Set(answerForm.tags.compactMap(tokenizer.specialToken))
    }

    /// The prompt as the model gets it.
    package func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] {
        let tokens =
            switch prompt {
            case .text(let text, let readsMarkers): self.tokens(ofPrompt: text, readsMarkers: readsMarkers)
            case .tokens(let tokens): tokens
            case .pieces(let pieces): tokenizer.encode(pieces: pieces)
            case .conversation(let conversation): tokenizer.encode(pieces: try pieces(of: conversation))
            }
        try check(tokens)
        return tokens
    }

    /// The token before every text stands there once, whether the text has it or not: what ``rendered(_:)`` writes
    /// becomes the tokens of its conversation.
    private func tokens(ofPrompt text: String, readsMarkers: Bool) -> [UInt32] {
        guard readsMarkers, let beginning = tokenizer.beginningToken,
            text.utf8.starts(with: tokenizer.bytes(of: beginning)),
            tokenizer.specialToken(tokenizer.text(of: beginning)) == beginning
        else {
            return tokenizer.encode(
                text, addsBeginning: tokenizer.addsBeginning, parsesSpecial: readsMarkers)
        }
        let rest = String(decoding: text.utf8.dropFirst(tokenizer.bytes(of: beginning).count), as: UTF8.self)
        return [beginning] + tokenizer.encode(rest, addsBeginning: false, parsesSpecial: true)
    }

    /// The conversation as the template writes it, special tokens by their text.
    package func rendered(_ conversation: ChatConversation) throws(GenerationError) -> String {
        try pieces(of: conversation).map { piece in
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

    /// Makes text of what is generated for a request.
    ///
    /// In an answer to a conversation the tags of thoughts and calls are text, though some vocabularies have them as
    /// control tokens: who reads it tells by them what is what.
    package func detokenizer(for request: GenerationRequest) -> Detokenizer {
        guard case .conversation = request.prompt else { return Detokenizer(tokenizer) }
        return Detokenizer(tokenizer, named: tags)
    }

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

    private func pieces(of conversation: ChatConversation) throws(GenerationError) -> [PromptPiece] {
        guard let template else { throw GenerationError(.invalid, missingTemplate) }
        return try template.pieces(for: conversation) { format in
            WallClock.text(format, at: Int64(exactly: clock().rounded(.down)) ?? 0)
        }
    }

    private func check(_ tokens: [UInt32]) throws(GenerationError) {
        guard let token = tokens.first(where: { $0 >= tokenizer.count }) else { return }
        throw GenerationError(.invalid, "token \(token) is not one of the model's \(tokenizer.count)")
    }
}
