// SPDX-License-Identifier: MIT

/// `/models`, as much of it as is used.
struct ModelList: Decodable, Sendable {
    struct Model: Decodable, Sendable {
        struct Meta: Decodable, Sendable {
            /// Tokens that prompt and answer may have together.
            var nCtx: Int?
        }
        var id: String
        var meta: Meta?
    }
    var data: [Model]
}

/// What is asked of `/completions`; keys are written in snake case.
struct CompletionRequest: Encodable, Sendable {
    var model: String
    var prompt: [UInt32]
    var maxTokens: Int
    var temperature: Double = 0
    var topP: Double?
    var seed: UInt64?
    var echo: Bool?
    /// Tokens beside the chosen ones whose log-probabilities are wanted.
    var logprobs = 0
}

/// The answer of `/completions`, as much of it as is used.
struct Completion: Decodable, Sendable {
    struct Choice: Decodable, Sendable {
        var logprobs: LogProbabilities?
    }

    struct LogProbabilities: Decodable, Sendable {
        var tokens: [String]
        /// `nil` for the first token of a prompt.
        var tokenLogprobs: [Float?]
    }

    var choices: [Choice]
}

/// What is asked of `/tokenize`.
struct TokenizeRequest: Encodable, Sendable {
    var content: String
    /// Whether what stands before every text is wanted, too.
    var addSpecial = true
    var parseSpecial = false
}

struct TokenizeAnswer: Decodable, Sendable {
    var tokens: [UInt32]
}
