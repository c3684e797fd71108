// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import FoundationEssentials
import ProgramSupport

/// Answers prompts one after another: text to standard output as it comes, figures to standard error.
struct Answering {
    let generator: Generator
    let options: GenerationOptions
    let console: Console

    func answer(_ prompt: String) async throws {
        guard prompt.utf8.count <= Limits.promptBytesMax else {
            throw AnsweringError(message: "the prompt is longer than \(Limits.promptBytesMax) bytes")
        }
        let request = GenerationRequest(
            prompt: prompt, tokenCountMax: options.nPredict, sampling: options.sampling,
            stopTexts: options.stop, ignoresStopTokens: options.ignoreEos)
        var record = AnswerRecord(prompt: prompt)
        if !options.json { console.write(prompt) }
        for try await event in generator.generate(request) {
            switch event {
            case .started:
                break
            case .token(let id, let text, let logProbability):
                record.text += text
                record.tokens.append(.init(id: id, logprob: logProbability))
                if !options.json { console.write(text) }
            case .trailing(let text):
                record.text += text
                if !options.json { console.write(text) }
            case .finished(let reason, let figures):
                console.write(options.json ? try record.line(reason, figures) + "\n" : "\n")
                for line in GenerationReport.lines(figures, reason: reason) { console.note(line) }
            }
        }
        try Task.checkCancellation()
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
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
