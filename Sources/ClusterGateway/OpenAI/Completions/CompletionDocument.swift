// SPDX-License-Identifier: MIT

/// The answer of `POST /v1/completions`, and each event of a streamed one.
struct Completion: Encodable {
    struct Choice: Encodable {
        let text: String
        let index: Int
        let logprobs: Nullable<CompletionLogProbabilities>
        let finishReason: Nullable<String>
    }

    let id: String
    let object = "text_completion"
    let created: Int64
    let model: String
    let systemFingerprint: Nullable<String>
    let choices: [Choice]
    /// Absent if nobody wants it, `null` until the last event.
    let usage: Nullable<Usage>?

    init(_ name: AnswerName, choices: [Choice], usage: Nullable<Usage>?) {
        id = name.id
        created = name.created
        model = name.model
        systemFingerprint = Nullable(name.fingerprint)
        self.choices = choices
        self.usage = usage
    }
}

/// Lists with an entry for each token.
struct CompletionLogProbabilities: Encodable, Sendable {
    var tokens: [String] = []
    /// `null` for the first token of a prompt, which nothing stands before.
    var tokenLogprobs: [Nullable<Float>] = []
    var topLogprobs: [Nullable<[String: Float]>] = []
    /// Where the token's text begins in the choice's text, in Unicode scalars.
    var textOffset: [Int] = []

    mutating func append(_ token: String, _ logProbability: Float?, _ best: [String: Float]?, at offset: Int)
    {
        tokens.append(token)
        tokenLogprobs.append(Nullable(logProbability))
        topLogprobs.append(Nullable(best))
        textOffset.append(offset)
    }

    mutating func append(_ others: CompletionLogProbabilities) {
        tokens += others.tokens
        tokenLogprobs += others.tokenLogprobs
        topLogprobs += others.topLogprobs
        textOffset += others.textOffset
    }
}
