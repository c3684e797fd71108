// SPDX-License-Identifier: MIT
import BitNetCore

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Decodable {
    let model: String?
    let messages: [ChatMessage]
    let common: SamplingFields
    /// `nil` for the rest of the context.
    let tokenCountMax: Int?

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        model = try fields.text("model")
        try Self.refuseUnsupported(fields)
        var common = try SamplingFields(fields)
        let counts = 1...Int(clamping: Int32.max)
        let named = try fields.integer("max_tokens", in: counts)
        tokenCountMax = try fields.integer("max_completion_tokens", in: counts) ?? named
        let most = Int(Limits.alternativesMax)
        common.sampling.wantsLogProbabilities = try fields.flag("logprobs") ?? false
        if let count = try fields.integer("top_logprobs", in: 0...most) {
            guard common.sampling.wantsLogProbabilities || count == 0 else {
                throw fields.invalid("top_logprobs", "is only for requests with “logprobs”: true")
            }
            common.sampling.alternativeCount = UInt32(clamping: count)
        }
        self.common = common
        messages = try ChatMessages.read(fields)
    }

    private static func refuseUnsupported(_ fields: RequestFields) throws {
        try fields.refuse("tools", "this model calls no tools")
        try fields.refuse("functions", "this model calls no functions")
        try fields.refuse("audio", "this model writes text only")
        for field in ["tool_choice", "function_call"] where fields.has(field) {
            guard let word = try? fields.text(field), ["none", "auto"].contains(word) else {
                throw fields.invalid(field, "can be “none” or “auto” only: this model calls no tools")
            }
        }
        try fields.refuse("grammar", "answers are not constrained")
        try fields.refuse("json_schema", "answers are not constrained")
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
