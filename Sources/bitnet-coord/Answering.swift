// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import CommandLine
import TextGeneration

/// Answers prompts one after another: text to standard output as it comes, figures to standard error.
struct Answering {
    let generator: Generator
    let options: GenerationOptions
    /// How the model's file recommends to choose tokens.
    let recommended: SamplingDefaults
    let console: Console

    /// Goes on from a text.
    func answer(_ prompt: String) async throws {
        try check(byteCount: prompt.utf8.count)
        if !options.json { console.write(prompt) }
        _ = try await generate(request(.text(prompt)), for: prompt)
    }

    /// Answers the last of `messages`, or goes on with it if it is the assistant's.
    ///
    /// - Returns: what the model said.
    func answer(_ messages: [ChatMessage]) async throws -> String {
        let conversation = ChatConversation(messages)
        try check(byteCount: conversation.byteCount)
        return try await generate(request(.conversation(conversation)), for: messages.last?.text ?? "")
    }

    private func check(byteCount: Int) throws {
        guard byteCount <= Limits.promptBytesMax else {
            throw AnsweringError(message: "the prompt is longer than \(Limits.promptBytesMax) bytes")
        }
    }

    private func request(_ prompt: Prompt) -> GenerationRequest {
        GenerationRequest(
            prompt: prompt, tokenCountMax: options.nPredict,
            sampling: options.sampling(recommended: recommended),
            stopTexts: options.stop, ignoresStopTokens: options.ignoreEos)
    }

    /// - Parameter prompt: what a record names as its prompt.
    private func generate(_ request: GenerationRequest, for prompt: String) async throws -> String {
        var record = AnswerRecord(prompt: prompt)
        for try await event in generator.generate(request) {
            switch event {
            case .started, .promptScored, .paused:
                break
            case .token(let token):
                record.text += token.text
                record.tokens.append(.init(id: token.id, logprob: token.logProbability))
                if !options.json { console.write(token.text) }
            case .trailing(let text):
                record.text += text
                if !options.json { console.write(text) }
            case .finished(let reason, let figures):
                console.write(options.json ? try record.line(reason, figures) + "\n" : "\n")
                for line in GenerationReport.lines(figures, reason: reason) { console.note(line) }
            }
        }
        try Task.checkCancellation()
        return record.text
    }
}

struct AnsweringError: RemediableError {
    let message: String
}

/// One answer as JSON.
private struct AnswerRecord: Encodable {
    struct Token: Encodable {
        let id: UInt32
        let logprob: Float?

        private enum CodingKeys: CodingKey {
            case id, logprob
        }

        /// As made by the compiler, but that a missing log-probability is written as null.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            try container.encode(logprob, forKey: .logprob)
        }
    }

    struct Timings: Encodable {
        var promptTokens = 0
        var timeToFirstTokenMs = 0.0
        var tokensPerSecond = 0.0
    }

    let prompt: String
    var text = ""
    var tokens: [Token] = []
    var finishReason = ""
    var timings = Timings()

    init(prompt: String) {
        self.prompt = prompt
    }

    mutating func line(_ reason: FinishReason, _ figures: GenerationStatistics) throws -> String {
        finishReason = reason.rawValue
        timings.promptTokens = figures.promptTokenCount
        timings.timeToFirstTokenMs = figures.timeToFirstToken.seconds * 1e3
        let decoded = Double(max(figures.generatedTokenCount - 1, 0))
        timings.tokensPerSecond = decoded / max(figures.decodeTime.seconds, 1e-9)
        return try JSONDocument.text(self)
    }
}
