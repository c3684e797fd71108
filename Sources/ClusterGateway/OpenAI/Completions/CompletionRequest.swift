// SPDX-License-Identifier: MIT
import BitNetCore

/// The body of `POST /v1/completions`.
struct CompletionRequest: Decodable {
    let model: String?
    let prompts: [Prompt]
    let common: SamplingFields
    let tokenCountMax: Int
    /// The answer begins with the prompt.
    let echoes: Bool
    let wantsLogProbabilities: Bool

    init(from decoder: any Decoder) throws {
        let fields = try RequestFields(decoder)
        model = try fields.text("model")
        try Self.refuseUnsupported(fields)
        var common = try SamplingFields(fields)
        tokenCountMax = try fields.integer("max_tokens", in: 0...Int(clamping: Int32.max)) ?? 16
        echoes = try fields.flag("echo") ?? false
        let count = try fields.integer("logprobs", in: 0...Int(Limits.alternativesMax))
        wantsLogProbabilities = count != nil
        common.sampling.wantsLogProbabilities = count != nil
        common.sampling.alternativeCount = UInt32(clamping: count ?? 0)
        if let best = try fields.integer("best_of", in: 1...Limits.answersMax), best != common.choiceCount {
            throw fields.invalid("best_of", "must be the same as “n”: every choice is returned")
        }
        self.common = common
        let must = "must be a string, an array of strings, an array of token ids or an array of such arrays"
        guard let prompts = try fields.value("prompt", as: Prompts.self, must: must)?.prompts else {
            throw fields.invalid("prompt", "is missing")
        }
        self.prompts = prompts
        try check(fields)
    }

    private static func refuseUnsupported(_ fields: RequestFields) throws {
        if let suffix = try fields.text("suffix"), !suffix.isEmpty {
            throw APIError.invalid(
                "“suffix” is not supported: this model writes at the end only", parameter: "suffix",
                code: "unsupported_parameter")
        }
        try fields.refuse("grammar", "answers are not constrained")
        try fields.refuse("json_schema", "answers are not constrained")
    }

    private func check(_ fields: RequestFields) throws {
        guard !prompts.isEmpty else { throw fields.invalid("prompt", "must not be empty") }
        guard prompts.count <= Limits.answersMax / common.choiceCount else {
            throw fields.invalid(
                "prompt", "may be \(Limits.answersMax) answers at most: prompts times “n”")
        }
        for prompt in prompts {
            switch prompt {
            case .text(let text) where text.utf8.count > Limits.promptBytesMax:
                throw fields.invalid("prompt", "may have \(Limits.promptBytesMax) bytes at most")
            case .tokens(let tokens) where tokens.isEmpty:
                throw fields.invalid("prompt", "must have a token at least")
            default: continue
            }
        }
    }

    /// What the cluster is asked for.
    func generation(
        prompt: Prompt, id: String, contextLength: Int, sampling: SamplingParameters
    ) -> GenerationRequest {
        let scoresPrompt = echoes && wantsLogProbabilities
        return GenerationRequest(
            id: id, prompt: prompt, tokenCountMax: min(tokenCountMax, contextLength), sampling: sampling,
            stopTexts: common.stopTexts,
            // Who scores a prompt with one token more drops the last entry of the lists, which must be that
            // token's whatever it is.
            ignoresStopTokens: common.ignoresStopTokens || scoresPrompt && tokenCountMax == 1,
            // Without anything to write there is nothing else to run.
            scoresPrompt: scoresPrompt || tokenCountMax == 0)
    }

    /// One prompt or several.
    private struct Prompts: Decodable {
        let prompts: [Prompt]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                prompts = [.text(text)]
                return
            }
            // The first element says of what kind all must be.
            var first = try decoder.unkeyedContainer()
            if first.isAtEnd {
                prompts = []
            } else if (try? first.decode(String.self)) != nil {
                prompts = try container.decode([String].self).map(Prompt.text)
            } else if (try? first.decode(UInt32.self)) != nil {
                prompts = [.tokens(try container.decode([UInt32].self))]
            } else {
                prompts = try container.decode([[UInt32]].self).map(Prompt.tokens)
            }
        }
    }
}
