// SPDX-License-Identifier: MIT
import BitNetCore

/// What a request took.
struct Usage: Encodable, Equatable, Sendable {
    struct Details: Encodable, Equatable, Sendable {
        /// Tokens that another sequence had computed before.
        var cachedTokens = 0
    }

    struct CompletionDetails: Encodable, Equatable, Sendable {
        /// Tokens of thoughts, which are among the completion's.
        var reasoningTokens = 0
    }

    var promptTokens = 0
    var completionTokens = 0
    var totalTokens = 0
    var promptTokensDetails = Details()
    /// `nil` where thoughts are not told apart.
    var completionTokensDetails: CompletionDetails?

    /// Counts a prompt once, however many choices it has.
    mutating func add(prompt: Int, cached: Int) {
        promptTokens += prompt
        promptTokensDetails.cachedTokens += cached
        totalTokens += prompt
    }

    mutating func add(completion: Int) {
        completionTokens += completion
        totalTokens += completion
    }
}

extension FinishReason {
    /// OpenAI's word.
    var word: String {
        switch self {
        case .stop: "stop"
        case .length, .context: "length"
        }
    }
}
