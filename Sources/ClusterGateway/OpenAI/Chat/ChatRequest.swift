// SPDX-License-Identifier: MIT
import BitNetCore

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Decodable {
    let model: String?
    let conversation: ChatConversation
    let common: SamplingFields
    /// `nil` for the rest of the context.
    let tokenCountMax: Int?
    /// `nil` for the server's.
    let reasoningFormat: ReasoningFormat?
    /// Calls that an answer may have; further ones are dropped.
    let callCountMax: Int

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        model = try fields.text("model")
        try Self.refuseUnsupported(fields)
        var common = try SamplingFields(fields)
        let named = try fields.tokenCount("max_tokens", from: 1)
        tokenCountMax = try fields.tokenCount("max_completion_tokens", from: 1) ?? named
        let most = Int(Limits.alternativesMax)
        common.sampling.wantsLogProbabilities = try fields.flag("logprobs") ?? false
        if let count = try fields.integer("top_logprobs", in: 0...most) {
            guard common.sampling.wantsLogProbabilities || count == 0 else {
                throw fields.invalid("top_logprobs", "is only for requests with “logprobs”: true")
            }
            common.sampling.alternativeCount = UInt32(clamping: count)
        }
        self.common = common
        conversation = try ChatMessages.conversation(fields)
        reasoningFormat = try fields.text("reasoning_format").map { name in
            guard let format = ReasoningFormat(rawValue: name) else {
                throw fields.invalid("reasoning_format", "must be one of \(ReasoningFormat.allNames)")
            }
            return format
        }
        callCountMax = try fields.flag("parallel_tool_calls") == false ? 1 : .max
    }

    private static func refuseUnsupported(_ fields: RequestFields) throws {
        // OpenAI's former words for tools.
        if fields.word("function_call") != "none" {
            try fields.refuse("functions", "this model calls no functions; give them as “tools”")
            guard !fields.has("function_call") || fields.word("function_call") == "auto" else {
                throw fields.invalid("function_call", "can be “none” or “auto” only: use “tool_choice”")
            }
        }
        try fields.refuse("audio", "this model writes text only")
        try fields.refuse("web_search_options", "this model looks nothing up")
        if let format = try fields.value(
            "response_format", as: Format.self, must: "must be an object with “type”")
        {
            guard format.type == "text" else {
                throw fields.invalid(
                    "response_format", "can be of the type “text” only: answers are not constrained")
            }
        }
        if let kinds = try fields.texts("modalities"), kinds != ["text"] {
            throw fields.invalid("modalities", "can be [\"text\"] only: this model writes text")
        }
    }

    private struct Format: Decodable {
        let type: String
    }
}
