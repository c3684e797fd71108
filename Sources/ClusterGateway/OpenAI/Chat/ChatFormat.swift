// SPDX-License-Identifier: MIT
import BitNetCore

/// Chat completions, whole and in chunks.
struct ChatFormat: AnswerFormat {
    private struct Choice {
        var content = ""
        var tokens: [ChatLogProbabilities.Token] = []
        var finish: FinishReason?
    }

    private let name: AnswerName
    private let names: TokenNames
    private let wantsLogProbabilities: Bool
    private let wantsUsage: Bool
    private var choices: [Choice]

    init(_ name: AnswerName, request: ChatRequest, names: TokenNames) {
        self.name = name
        self.names = names
        wantsLogProbabilities = request.common.sampling.wantsLogProbabilities
        wantsUsage = request.common.wantsUsage
        choices = Array(repeating: Choice(), count: request.common.choiceCount)
    }

    // MARK: Whole

    mutating func take(choice: Int, event: GenerationEvent) {
        switch event {
        case .started, .promptScored, .paused: break
        case .token(let token):
            choices[choice].content += token.text
            if wantsLogProbabilities { choices[choice].tokens.append(entry(token)) }
        case .trailing(let text): choices[choice].content += text
        case .finished(let reason, _): choices[choice].finish = reason
        }
    }

    func whole(usage: Usage) -> ChatCompletion {
        let choices = choices.enumerated().map { index, choice in
            ChatCompletion.Choice(
                index: index, message: .init(content: choice.content),
                logprobs: Nullable(
                    wantsLogProbabilities ? ChatLogProbabilities(content: choice.tokens) : nil),
                finishReason: Nullable(choice.finish?.word))
        }
        return ChatCompletion(name, choices: choices, usage: usage)
    }

    // MARK: Chunks

    func opening() -> [ChatCompletionChunk] {
        choices.indices.map { chunk($0, .init(role: "assistant", content: "")) }
    }

    func chunks(choice: Int, event: GenerationEvent) -> [ChatCompletionChunk] {
        switch event {
        case .started, .promptScored, .paused: []
        case .token(let token) where wantsLogProbabilities:
            [chunk(choice, .init(content: token.text), tokens: [entry(token)])]
        case .token(let token): token.text.isEmpty ? [] : [chunk(choice, .init(content: token.text))]
        case .trailing(let text): [chunk(choice, .init(content: text))]
        case .finished(let reason, _): [chunk(choice, .init(), finish: reason)]
        }
    }

    func chunk(usage: Usage) -> ChatCompletionChunk {
        ChatCompletionChunk(name, choices: [], usage: Nullable(usage))
    }

    private func chunk(
        _ choice: Int, _ delta: ChatCompletionChunk.Delta, tokens: [ChatLogProbabilities.Token]? = nil,
        finish: FinishReason? = nil
    ) -> ChatCompletionChunk {
        let choice = ChatCompletionChunk.Choice(
            index: choice, delta: delta, logprobs: Nullable(tokens.map { ChatLogProbabilities(content: $0) }),
            finishReason: Nullable(finish?.word))
        return ChatCompletionChunk(name, choices: [choice], usage: wantsUsage ? Nullable(nil) : nil)
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
