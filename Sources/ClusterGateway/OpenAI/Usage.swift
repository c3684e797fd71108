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
        /// Drafted tokens that are among the completion's.
        var acceptedPredictionTokens = 0
        /// Drafted tokens that were computed and are not.
        var rejectedPredictionTokens = 0
    }

    var promptTokens = 0
    var completionTokens = 0
    var totalTokens = 0
    var promptTokensDetails = Details()
    /// `nil` where thoughts are not told apart and nothing was drafted.
    var completionTokensDetails: CompletionDetails?

    /// Counts a prompt once, however many choices it has.
    mutating func add(prompt: Int, cached: Int) {
        promptTokens += prompt
        promptTokensDetails.cachedTokens += cached
        totalTokens += prompt
    }

    mutating func add(completion: GenerationStatistics) {
        completionTokens += completion.generatedTokenCount
        totalTokens += completion.generatedTokenCount
        guard completion.acceptedDraftCount + completion.rejectedDraftCount > 0 else { return }
        var details = completionTokensDetails ?? CompletionDetails()
        details.acceptedPredictionTokens += completion.acceptedDraftCount
        details.rejectedPredictionTokens += completion.rejectedDraftCount
        completionTokensDetails = details
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
