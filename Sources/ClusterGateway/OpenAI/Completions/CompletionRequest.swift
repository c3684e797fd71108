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
        tokenCountMax = try fields.tokenCount("max_tokens", from: 0) ?? 16
        echoes = try fields.flag("echo") ?? false
        let count = try Self.logProbabilityCount(fields)
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
        // llama.cpp's word; its server too reads special tokens in prompts unless it is told not to.
        let readsMarkers = try fields.flag("parse_special") ?? true
        self.prompts = prompts.map { prompt in
            if case .text(let text, _) = prompt { .text(text, readsMarkers: readsMarkers) } else { prompt }
        }
        try check(fields)
    }

    /// A number, or as in chats whether there are any.
    private static func logProbabilityCount(_ fields: RequestFields) throws -> Int? {
        if let isWanted = fields.flagIfAny("logprobs") { return isWanted ? 1 : nil }
        return try fields.integer("logprobs", in: 0...Int(Limits.alternativesMax))
    }

    private static func refuseUnsupported(_ fields: RequestFields) throws {
        if let suffix = try fields.text("suffix"), !suffix.isEmpty {
            throw APIError.invalid(
                "“suffix” is not supported: this model writes at the end only", parameter: "suffix",
                code: "unsupported_parameter")
        }
    }

    private func check(_ fields: RequestFields) throws {
        guard !prompts.isEmpty else { throw fields.invalid("prompt", "must not be empty") }
        guard prompts.count <= Limits.answersMax / common.choiceCount else {
            throw fields.invalid(
                "prompt", "may be \(Limits.answersMax) answers at most: prompts times “n”")
        }
        for prompt in prompts {
            switch prompt {
            case .text(let text, _) where text.utf8.count > Limits.promptBytesMax:
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
                prompts = try container.decode([String].self).map { Prompt.text($0) }
            } else if (try? first.decode(UInt32.self)) != nil {
                prompts = [.tokens(try container.decode([UInt32].self))]
            } else {
                prompts = try container.decode([[UInt32]].self).map(Prompt.tokens)
            }
        }
    }
}
