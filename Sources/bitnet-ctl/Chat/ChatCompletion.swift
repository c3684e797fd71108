// SPDX-License-Identifier: MIT
import BitNetCore

/// What is asked of `/chat/completions`; keys are written in snake case.
struct ChatCompletionRequest: Encodable {
    struct Message: Encodable {
        var role: String
        var content: String
        /// What the model has thought before.
        var reasoningContent: String?
    }

    struct StreamOptions: Encodable {
        var includeUsage = true
    }

    var model: String
    var messages: [Message]
    var maxTokens: Int?
    var temperature: Double?
    var topP: Double?
    var seed: UInt64?
    var stream = true
    var streamOptions = StreamOptions()
}

/// A piece of the answer.
struct ChatCompletionChunk: Decodable {
    struct Choice: Decodable {
        struct Delta: Decodable {
            var content: String?
            var reasoningContent: String?
        }
        var delta: Delta?
        var finishReason: String?
    }

    struct Usage: Decodable {
        var completionTokens: Int?
    }

    struct Failure: Decodable {
        var message: String
    }

    var choices: [Choice]?
    var usage: Usage?
    /// A generation that fails in the midst of its stream says so there.
    var error: Failure?

    static let end = "[DONE]"
}
