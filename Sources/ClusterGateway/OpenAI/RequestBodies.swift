// SPDX-License-Identifier: MIT
package import Hummingbird

/// The bodies that the public API reads.
package enum RequestBodies: String, CaseIterable, Sendable {
    case chat = "/v1/chat/completions"
    case completion = "/v1/completions"
    case tokenize = "/tokenize"
    case detokenize = "/detokenize"
    case template = "/apply-template"

    /// Why a body is refused before anything is done with it; `nil` if it is not.
    package func refusal(of body: ByteBuffer) -> APIError? {
        do throws(APIError) {
            switch self {
            case .chat: _ = try JSON.value(ChatRequest.self, from: body)
            case .completion: _ = try JSON.value(CompletionRequest.self, from: body)
            case .tokenize: _ = try JSON.value(TokenizeRequest.self, from: body)
            case .detokenize: _ = try JSON.value(DetokenizeRequest.self, from: body)
            case .template: _ = try JSON.value(TemplateRequest.self, from: body)
            }
            return nil
        } catch {
            return error
        }
    }
}
