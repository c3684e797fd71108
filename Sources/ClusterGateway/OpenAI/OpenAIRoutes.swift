// SPDX-License-Identifier: MIT
package import BitNetCore
import FoundationEssentials
package import Hummingbird

/// The routes that OpenAI's clients call.
package struct OpenAIRoutes: Sendable {
    private let generator: any TextGenerator
    private let metrics: GatewayMetrics
    private let reasoningFormat: ReasoningFormat
    private let silenceMax: Duration

    /// - Parameters:
    ///   - reasoningFormat: for requests that name none.
    ///   - silenceMax: at least so often something is written to a stream.
    package init(
        generator: any TextGenerator, metrics: GatewayMetrics, reasoningFormat: ReasoningFormat = .auto,
        silenceMax: Duration = Limits.eventCommentInterval
    ) {
        self.generator = generator
        self.metrics = metrics
        self.reasoningFormat = reasoningFormat
        self.silenceMax = silenceMax
    }

    package func add(to router: Router<ExchangeContext>) {
        router.get("/v1/models") { _, _ in JSON.response(ModelList(data: [Model(generator.model)])) }
        // Names may have slashes.
        router.get("/v1/models/**") { _, context in
            let name = context.parameters.getCatchAll().joined(separator: "/")
            try check(model: name.percentDecoded() ?? name)
            return JSON.response(Model(generator.model))
        }
        addChat(to: router)
        router.post("/v1/completions") { request, context in
            try await answer(request.value(CompletionRequest.self, for: context), context)
        }
    }

    /// The one route that a page needs which talks with the model.
    package func addChat(to router: Router<ExchangeContext>) {
        router.post("/v1/chat/completions") { request, context in
            try await answer(request.value(ChatRequest.self, for: context), context)
        }
    }

    private func answer(_ request: ChatRequest, _ context: ExchangeContext) async throws -> Response {
        try check(model: request.model)
        try request.conversation.checkTools(of: generator.model)
        try check(calls: request.conversation)
        try check(biases: request.common.sampling.biases)
        let seed = request.common.seed ?? .random(in: 0...UInt64.max)
        let requests = (0..<request.common.choiceCount).map { choice in
            GenerationRequest(
                id: id(choice, of: request.common.choiceCount, context),
                prompt: .conversation(request.conversation),
                tokenCountMax: min(request.tokenCountMax ?? .max, generator.model.contextLength),
                sampling: request.common.sampling(
                    ofChoice: choice, seed: seed, defaults: generator.model.samplingDefaults),
                stopTexts: request.common.stopTexts,
                ignoresStopTokens: request.common.ignoresStopTokens)
        }
        let name = name("chatcmpl", context)
        return try await answer(requests, request.common, context, promptField: "messages") { prompts in
            let reader = AnswerReader(
                request, form: generator.model.answerForm,
                format: request.reasoningFormat ?? reasoningFormat, promptEnd: end(of: prompts.first ?? []))
            return ChatFormat(
                name, request: request, names: TokenNames(generator: generator), reader: reader,
                callID: "call_\(RequestID.made())")
        }
    }

    private func answer(_ request: CompletionRequest, _ context: ExchangeContext) async throws -> Response {
        try check(model: request.model)
        try check(biases: request.common.sampling.biases)
        let seed = request.common.seed ?? .random(in: 0...UInt64.max)
        let choiceCount = request.common.choiceCount
        let requests = request.prompts.indices.flatMap { prompt in
            (0..<choiceCount).map { choice in
                let part = prompt * choiceCount + choice
                return request.generation(
                    prompt: request.prompts[prompt],
                    id: id(part, of: request.prompts.count * choiceCount, context),
                    contextLength: generator.model.contextLength,
                    sampling: request.common.sampling(
                        ofChoice: choice, seed: seed, defaults: generator.model.samplingDefaults))
            }
        }
        let name = name("cmpl", context)
        return try await answer(requests, request.common, context, promptField: "prompt") { prompts in
            CompletionFormat(
                name, request: request, prompts: prompts, names: TokenNames(generator: generator))
        }
    }

    /// - Parameter format: is given the prompt of each generation as tokens.
    private func answer<Format: AnswerFormat>(
        _ requests: [GenerationRequest], _ common: SamplingFields, _ context: ExchangeContext,
        promptField: String, _ format: ([[UInt32]]) throws -> Format
    ) async throws -> Response {
        let meter = AnswerMeter(metrics: metrics, record: context.record)
        let generations: Generations
        do {
            generations = try await Generations(
                requests, of: context.owner, from: generator, client: context.client, meter: meter)
        } catch let error as GenerationError where error.code == .tooLong {
            throw APIError.invalid(error.message, parameter: promptField, code: "context_length_exceeded")
        } catch let error as ClientGone {
            meter.countAbandoned()
            throw error
        }
        let answer = Answer(
            generations, choiceCount: common.choiceCount, format: try format(generations.prompts),
            meter: meter, context: context)
        return common.isStreamed
            ? answer.stream(wantsUsage: common.wantsUsage, silenceMax: silenceMax) : try await answer.whole()
    }

    private func id(_ part: Int, of count: Int, _ context: ExchangeContext) -> String {
        count == 1 ? context.requestID : RequestID.part(part, of: context.requestID)
    }

    private func name(_ kind: String, _ context: ExchangeContext) -> AnswerName {
        AnswerName(
            id: "\(kind)-\(context.requestID)", created: Int64(clamping: Date.now.timeIntervalSince1970),
            model: generator.model.id, fingerprint: generator.fingerprint)
    }

    /// A request that names no model means the one there is.
    private func check(model: String?) throws {
        guard let model, !model.isEmpty, model != generator.model.id else { return }
        throw APIError(
            .notFound, "the model “\(model)” is not served here; “\(generator.model.id)” is",
            type: "invalid_request_error", parameter: "model", code: "model_not_found")
    }

    /// The last bytes of a prompt: more than what opens a thought.
    private func end(of prompt: [UInt32]) -> [UInt8] {
        prompt.suffix(Limits.thoughtOpeningTokensMax).flatMap(generator.bytes)
    }

    private func check(calls conversation: ChatConversation) throws {
        guard !conversation.tools.isEmpty, generator.model.answerForm.calls == nil else { return }
        throw APIError(
            .badRequest,
            "“tools” is not supported: “\(generator.model.id)” writes its calls in a form that is not known here; “tool_choice”: \"none\" lets them be named",
            type: "invalid_request_error", parameter: "tools", code: "unsupported_parameter")
    }

    private func check(biases: [TokenBias]) throws {
        let count = generator.model.vocabularySize
        guard let bias = biases.first(where: { $0.token >= count }) else { return }
        throw APIError.invalid(
            "“logit_bias”: token \(bias.token) is not one of the model's \(count)", parameter: "logit_bias")
    }
}
