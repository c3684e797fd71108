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
                try await RequestThreads.run(for: wish.content.utf8.count) { try tokenize(wish) })
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
            let messages = try await request.value(TemplateRequest.self).messages
            return JSON.response(TemplateAnswer(prompt: try generator.rendered(messages)))
        }
    }

    private func tokenize(_ request: TokenizeRequest) throws -> TokenizeAnswer {
        let tokens = generator.tokens(ofText: request.content, readsMarkers: request.readsMarkers)
        let beginning = request.addsSpecial ? try self.beginning() : []
        let all = beginning + tokens
        guard request.wantsPieces else { return TokenizeAnswer(tokens: all.map(TokenizeAnswer.Token.id)) }
        return TokenizeAnswer(tokens: all.map { .piece(id: $0, bytes: generator.bytes(of: $0)) })
    }

    /// What stands before every text: an empty one is nothing else.
    private func beginning() throws -> [UInt32] { try generator.tokens(of: .text("")) }
}
