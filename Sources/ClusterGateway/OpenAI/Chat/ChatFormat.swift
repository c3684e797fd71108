// SPDX-License-Identifier: MIT
import BitNetCore

/// Chat completions, whole and in chunks.
struct ChatFormat: AnswerFormat {
    private struct Choice {
        var reader: AnswerReader
        /// What came last belongs to a thought.
        var isThought = false
        var thoughtTokenCount = 0
        var callCount = 0
        // Of an answer that is written whole.
        var content = ""
        var thought = ""
        var calls: [ToolCallDocument] = []
        var tokens: [ChatLogProbabilities.Token] = []
        var finish: FinishReason?

        /// What an event brings of the answer.
        mutating func parts(of event: GenerationEvent) -> [AnswerPart] {
            switch event {
            case .started, .promptScored, .paused: return []
            case .token(let token):
                let parts = reader.append(token.text)
                isThought = reader.isThinking
                if isThought { thoughtTokenCount += 1 }
                return parts
            case .trailing(let text): return reader.append(text)
            case .finished: return reader.finish()
            }
        }
    }

    private let name: AnswerName
    private let names: TokenNames
    private let callID: String
    private let wantsLogProbabilities: Bool
    private let wantsUsage: Bool
    private var choices: [Choice]

    /// - Parameters:
    ///   - reader: that of each choice.
    ///   - callID: begins the ids of all calls.
    init(
        _ name: AnswerName, request: ChatRequest, names: TokenNames, reader: AnswerReader, callID: String
    ) {
        self.name = name
        self.names = names
        self.callID = callID
        wantsLogProbabilities = request.common.sampling.wantsLogProbabilities
        wantsUsage = request.common.wantsUsage
        choices = Array(repeating: Choice(reader: reader), count: request.common.choiceCount)
    }

    // MARK: Whole

    mutating func take(choice: Int, event: GenerationEvent) {
        for part in choices[choice].parts(of: event) {
            switch part {
            case .thought(let text): choices[choice].thought += text
            case .content(let text): choices[choice].content += text
            case .call(let call): choices[choice].calls.append(written(call, of: choice))
            }
        }
        switch event {
        case .token(let token) where wantsLogProbabilities && !choices[choice].isThought:
            choices[choice].tokens.append(entry(token))
        case .finished(let reason, _): choices[choice].finish = reason
        default: break
        }
    }

    func whole(usage: Usage) -> ChatCompletion {
        let documents = choices.enumerated().map { index, choice in
            ChatCompletion.Choice(
                index: index, message: message(of: choice),
                logprobs: Nullable(
                    wantsLogProbabilities ? ChatLogProbabilities(content: choice.tokens) : nil),
                finishReason: Nullable(choice.finish.map { word(for: $0, choice) }))
        }
        return ChatCompletion(name, choices: documents, usage: detailed(usage))
    }

    private func message(of choice: Choice) -> ChatCompletion.Message {
        let isSilent = choice.content.isEmpty && !choice.calls.isEmpty
        return .init(
            content: Nullable(isSilent ? nil : choice.content),
            reasoningContent: choice.thought.isEmpty ? nil : choice.thought,
            toolCalls: choice.calls.isEmpty ? nil : choice.calls)
    }

    // MARK: Chunks

    func opening() -> [ChatCompletionChunk] {
        choices.indices.map { chunk($0, .init(role: "assistant", content: "")) }
    }

    mutating func chunks(choice: Int, event: GenerationEvent) -> [ChatCompletionChunk] {
        var deltas = choices[choice].parts(of: event).flatMap { self.deltas($0, of: choice) }
        var tokens: [ChatLogProbabilities.Token]?
        if wantsLogProbabilities, case .token(let token) = event, !choices[choice].isThought {
            tokens = [entry(token)]
            // A token says something of which nothing can be written yet.
            if deltas.first?.content == nil { deltas.insert(.init(content: ""), at: 0) }
        }
        var chunks: [ChatCompletionChunk] = []
        for delta in deltas {
            chunks.append(chunk(choice, delta, tokens: tokens))
            tokens = nil
        }
        if case .finished(let reason, _) = event {
            chunks.append(chunk(choice, .init(), finish: word(for: reason, choices[choice])))
        }
        return chunks
    }

    func chunk(usage: Usage) -> ChatCompletionChunk {
        ChatCompletionChunk(name, choices: [], usage: Nullable(detailed(usage)))
    }

    /// A call comes with its name first and its arguments after it, as clients expect.
    private mutating func deltas(_ part: AnswerPart, of choice: Int) -> [ChatCompletionChunk.Delta] {
        switch part {
        case .thought(let text): return [.init(reasoningContent: text)]
        case .content(let text): return [.init(content: text)]
        case .call(let call):
            let index = choices[choice].callCount
            var opening = written(call, of: choice)
            let arguments = opening.function.arguments
            opening.index = index
            opening.function.arguments = ""
            let rest = ToolCallDocument(index: index, function: .init(arguments: arguments))
            return [.init(toolCalls: [opening]), .init(toolCalls: [rest])]
        }
    }

    private func chunk(
        _ choice: Int, _ delta: ChatCompletionChunk.Delta, tokens: [ChatLogProbabilities.Token]? = nil,
        finish: String? = nil
    ) -> ChatCompletionChunk {
        let choice = ChatCompletionChunk.Choice(
            index: choice, delta: delta, logprobs: Nullable(tokens.map { ChatLogProbabilities(content: $0) }),
            finishReason: Nullable(finish))
        return ChatCompletionChunk(name, choices: [choice], usage: wantsUsage ? Nullable(nil) : nil)
    }

    // MARK: Parts of both

    /// An answer that ends by itself ends with its calls, if it has any.
    private func word(for reason: FinishReason, _ choice: Choice) -> String {
        reason == .stop && choice.callCount > 0 ? "tool_calls" : reason.word
    }

    private mutating func written(_ call: ToolCall, of choice: Int) -> ToolCallDocument {
        defer { choices[choice].callCount += 1 }
        return ToolCallDocument(
            id: "\(callID)-\(choice)-\(choices[choice].callCount)", type: "function",
            function: .init(name: call.name, arguments: call.arguments.encoded))
    }

    private func detailed(_ usage: Usage) -> Usage {
        guard choices.contains(where: \.reader.splitsThoughts) else { return usage }
        var usage = usage
        let count = choices.reduce(0) { $0 + $1.thoughtTokenCount }
        var details = usage.completionTokensDetails ?? .init()
        details.reasoningTokens = count
        usage.completionTokensDetails = details
        return usage
    }

    private func entry(_ token: GeneratedToken) -> ChatLogProbabilities.Token {
        var entry = entry(TokenScore(token: token.id, logProbability: token.logProbability ?? .nan))
        entry.topLogprobs = token.alternatives.map(self.entry)
        return entry
    }

    private func entry(_ score: TokenScore) -> ChatLogProbabilities.Token {
        .init(
            token: names.text(of: score.token), logprob: score.logProbability.written,
            bytes: names.generator.bytes(of: score.token))
    }
}
