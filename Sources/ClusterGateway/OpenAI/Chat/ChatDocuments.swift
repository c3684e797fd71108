// SPDX-License-Identifier: MIT

/// The answer of `POST /v1/chat/completions`.
struct ChatCompletion: Encodable {
    struct Choice: Encodable {
        let index: Int
        let message: Message
        let logprobs: Nullable<ChatLogProbabilities>
        let finishReason: Nullable<String>
    }

    struct Message: Encodable {
        let role = "assistant"
        /// `null` for an answer that calls tools and says nothing.
        let content: Nullable<String>
        /// Absent if nothing was thought, or thoughts are part of the content.
        let reasoningContent: String?
        /// Absent if no tool is called.
        let toolCalls: [ToolCallDocument]?
        let refusal = Nullable<String>(nil)
    }

    let id: String
    let object = "chat.completion"
    let created: Int64
    let model: String
    let systemFingerprint: Nullable<String>
    let choices: [Choice]
    let usage: Usage

    init(_ name: AnswerName, choices: [Choice], usage: Usage) {
        id = name.id
        created = name.created
        model = name.model
        systemFingerprint = Nullable(name.fingerprint)
        self.choices = choices
        self.usage = usage
    }
}

/// One event of a streamed answer.
struct ChatCompletionChunk: Encodable {
    struct Choice: Encodable {
        let index: Int
        let delta: Delta
        let logprobs: Nullable<ChatLogProbabilities>
        let finishReason: Nullable<String>
    }

    struct Delta: Encodable {
        var role: String?
        var content: String?
        var reasoningContent: String?
        var toolCalls: [ToolCallDocument]?
    }

    let id: String
    let object = "chat.completion.chunk"
    let created: Int64
    let model: String
    let systemFingerprint: Nullable<String>
    let choices: [Choice]
    /// Absent if nobody wants it, `null` until the last chunk.
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

/// A call of a tool, or in a stream a part of one.
struct ToolCallDocument: Encodable, Sendable {
    struct Function: Encodable, Sendable {
        /// Only in a stream's first part of the call, like id and type.
        var name: String?
        /// A JSON object as text, or a piece of it.
        var arguments: String
    }

    /// Which of the answer's calls; only in streams.
    var index: Int?
    var id: String?
    var type: String?
    var function: Function
}

struct ChatLogProbabilities: Encodable, Sendable {
    struct Token: Encodable, Sendable {
        let token: String
        let logprob: Float
        let bytes: [UInt8]
        /// Absent for those that stand in such a list themselves.
        var topLogprobs: [Token]?
    }

    var content: [Token]
    let refusal = Nullable<String>(nil)
}
