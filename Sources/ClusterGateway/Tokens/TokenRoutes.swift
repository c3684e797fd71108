// SPDX-License-Identifier: MIT
package import BitNetCore
package import Hummingbird

/// llama.cpp's routes between text and tokens, which take what vLLM's clients send, too.
package struct TokenRoutes: Sendable {
    private let generator: any TextGenerator

    package init(generator: any TextGenerator) {
        self.generator = generator
    }

    package func add(to router: Router<ExchangeContext>) {
        router.post("/tokenize") { request, context in
            let wish = try await request.value(TokenizeRequest.self, for: context)
            if case .conversation(let conversation) = wish.prompt {
                try conversation.checkTools(of: generator.model)
            }
            let tokens = try await RequestThreads.run(for: wish.prompt.byteCount) { try tokenized(wish) }
            return try await TokenList(tokens: tokens, generator: wish.wantsPieces ? generator : nil)
                .response(for: context)
        }
        router.post("/detokenize") { request, context in
            let tokens = try await request.value(DetokenizeRequest.self, for: context).tokens
            return try await RequestThreads.run(for: Prompt.tokens(tokens).byteCount) {
                let text = try text(of: tokens)
                return JSON.response(DetokenizeAnswer(content: text, prompt: text))
            }
        }
        router.get("/tokenizer_info") { _, _ in
            let model = generator.model
            return JSON.response(
                TokenizerInfo(
                    bosToken: Nullable(model.beginningMarker), eosToken: Nullable(model.endMarker)))
        }
        router.post("/apply-template") { request, context in
            let conversation = try await request.value(TemplateRequest.self, for: context).conversation
            try conversation.checkTools(of: generator.model)
            return try await RequestThreads.run(for: Prompt.conversation(conversation).byteCount) {
                JSON.response(TemplateAnswer(prompt: try generator.rendered(conversation)))
            }
        }
    }

    private func tokenized(_ request: TokenizeRequest) throws -> [UInt32] {
        if case .text(let text, let readsMarkers) = request.prompt, !request.addsSpecial {
            return generator.tokens(ofText: text, readsMarkers: readsMarkers)
        }
        return try generator.tokens(of: request.prompt)
    }

    /// A few bytes of a request may stand for many of text.
    private func text(of tokens: [UInt32]) throws -> String {
        var byteCount = 0
        for token in tokens {
            byteCount += generator.bytes(of: token).count
            guard byteCount <= Limits.promptBytesMax else {
                throw APIError.invalid(
                    "the text of “tokens” has more than \(Limits.promptBytesMax) bytes: ask for less at a time",
                    parameter: "tokens")
            }
        }
        return try generator.text(of: tokens)
    }
}
