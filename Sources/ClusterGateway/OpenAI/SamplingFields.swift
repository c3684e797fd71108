// SPDX-License-Identifier: MIT
import BitNetCore

/// What both endpoints let a request say of how tokens are chosen, and of how much is written.
struct SamplingFields {
    /// What does not depend on the model.
    var sampling = SamplingParameters()
    /// What the request says where a model may recommend something.
    private(set) var asked = SamplingDefaults()
    /// Choices of each prompt.
    var choiceCount: Int
    var stopTexts: [String]
    /// Without it every request draws other tokens.
    var seed: UInt64?
    var isStreamed: Bool
    var wantsUsage: Bool
    /// Goes on after the end-of-text token, as other servers' `ignore_eos` does.
    var ignoresStopTokens: Bool

    init(_ fields: RequestFields) throws {
        choiceCount = try fields.integer("n", in: 1...Limits.answersMax) ?? 1
        let seed = try fields.value("seed", as: Int64.self, must: "must be an integer of 64 bits")
        // Other servers' word for another one each time.
        self.seed = seed == -1 ? nil : seed.map { UInt64(bitPattern: $0) }
        stopTexts = try fields.texts("stop")?.filter { !$0.isEmpty } ?? []
        guard stopTexts.count <= Limits.stopTextsMax else {
            throw fields.invalid("stop", "may have \(Limits.stopTextsMax) strings at most")
        }
        guard stopTexts.allSatisfy({ $0.utf8.count <= Limits.stopTextBytesMax }) else {
            throw fields.invalid("stop", "may have strings of \(Limits.stopTextBytesMax) bytes at most")
        }
        isStreamed = try fields.flag("stream") ?? false
        let options = try fields.value("stream_options", as: StreamOptions.self, must: "must be an object")
        guard options == nil || isStreamed else {
            throw fields.invalid("stream_options", "is only for requests with “stream”: true")
        }
        wantsUsage = options?.includesUsage ?? false
        ignoresStopTokens = try fields.flag("ignore_eos") ?? false
        for field in Self.constraints { try fields.refuse(field, "answers are not constrained") }
        try readSampling(fields)
    }

    /// Fields by which llama.cpp's and vLLM's servers bind an answer to a form.
    private static let constraints = [
        "grammar", "json_schema", "guided_json", "guided_regex", "guided_choice", "guided_grammar",
        "structured_outputs",
    ]

    private mutating func readSampling(_ fields: RequestFields) throws {
        sampling.wantsLogProbabilities = false
        asked.temperature = try fields.number("temperature", in: 0...2).map { Float($0) }
        // OpenAI takes 0 for the most probable token only.
        asked.topP = try fields.number("top_p", in: 0...1).map { $0 == 0 ? .leastNormalMagnitude : Float($0) }
        // -1 is another server's word for off.
        asked.topK = try fields.integer("top_k", in: -1...Limits.vocabularyMax)
            .map { UInt32(clamping: $0) }
        asked.minP = try fields.number("min_p", in: 0...1).map { Float($0) }
        for name in ["repeat_penalty", "repetition_penalty"] {
            guard let penalty = try fields.number(name, in: 0.01...100) else { continue }
            asked.repetitionPenalty = Float(penalty)
        }
        sampling.presencePenalty = Float(try fields.number("presence_penalty", in: -2...2) ?? 0)
        sampling.frequencyPenalty = Float(try fields.number("frequency_penalty", in: -2...2) ?? 0)
        sampling.biases = try Self.biases(fields)
    }

    private static func biases(_ fields: RequestFields) throws -> [TokenBias] {
        let must = "must be an object of token ids with numbers of -100…100"
        // Clients of languages without maps of their own send an empty one as an empty list.
        guard !fields.isEmptyList("logit_bias"),
            let map = try fields.value("logit_bias", as: [String: Double].self, must: must)
        else { return [] }
        guard map.count <= Limits.biasesMax else {
            throw fields.invalid("logit_bias", "may have \(Limits.biasesMax) tokens at most")
        }
        return try map.map { name, bias in
            // One spelling for each token, so that none can have two biases.
            guard let token = UInt32(name, radix: 10), String(token) == name, (-100...100).contains(bias)
            else {
                throw fields.invalid("logit_bias", must)
            }
            return TokenBias(token: token, bias: Float(bias))
        }.sorted { $0.token < $1.token }
    }

    /// Parameters of one choice of a prompt.
    ///
    /// - Parameter defaults: for what the request does not say.
    func sampling(ofChoice choice: Int, seed: UInt64, defaults: SamplingDefaults) -> SamplingParameters {
        var sampling = sampling
        // OpenAI's default, where not even the model says anything.
        sampling.temperature = 1
        asked.over(defaults).apply(to: &sampling)
        sampling.seed = seed &+ UInt64(clamping: choice)
        return sampling
    }
}

private struct StreamOptions: Decodable {
    let includesUsage: Bool

    init(from decoder: any Decoder) throws {
        includesUsage = try RequestFields(decoder).flag("include_usage") ?? false
    }
}
