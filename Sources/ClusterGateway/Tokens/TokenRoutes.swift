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
        router.post("/tokenize") { request, _ in
            let wish = try await request.value(TokenizeRequest.self)
            return JSON.response(
                try await RequestThreads.run(for: wish.prompt.byteCount) { try tokenize(wish) })
        }
        router.post("/detokenize") { request, _ in
            let tokens = try await request.value(DetokenizeRequest.self).tokens
            let text = try await RequestThreads.run(for: Prompt.tokens(tokens).byteCount) {
                try generator.text(of: tokens)
            }
            return JSON.response(DetokenizeAnswer(content: text, prompt: text))
        }
        router.get("/tokenizer_info") { _, _ in
            let model = generator.model
            return JSON.response(
                TokenizerInfo(
                    bosToken: Nullable(model.beginningMarker), eosToken: Nullable(model.endMarker)))
        }
        router.post("/apply-template") { request, _ in
            let conversation = try await request.value(TemplateRequest.self).conversation
            return JSON.response(TemplateAnswer(prompt: try generator.rendered(conversation)))
        }
    }

    private func tokenize(_ request: TokenizeRequest) throws -> TokenizeAnswer {
        let tokens =
            if case .text(let text, let readsMarkers) = request.prompt, !request.addsSpecial {
                generator.tokens(ofText: text, readsMarkers: readsMarkers)
            } else {
                try generator.tokens(of: request.prompt)
            }
        guard request.wantsPieces else { return TokenizeAnswer(tokens: tokens.map(TokenizeAnswer.Token.id)) }
        return TokenizeAnswer(tokens: tokens.map { .piece(id: $0, bytes: generator.bytes(of: $0)) })
    }
}
