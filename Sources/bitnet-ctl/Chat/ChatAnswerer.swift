// SPDX-License-Identifier: MIT
import BitNetCore
import CommandLine
import NIOHTTP1
import OperatorLogic
import Synchronization

/// As much of an answer as there is.
final class ChatAnswer: Sendable {
    private let content = Mutex("")
    private let reasoning = Mutex("")

    var text: String { content.withLock { $0 } }
    /// What was thought before.
    var thought: String { reasoning.withLock { $0 } }

    func append(_ piece: String) {
        content.withLock { $0 += piece }
    }

    func think(_ piece: String) {
        reasoning.withLock { $0 += piece }
    }
}

/// Asks a gateway and shows what it answers, as it comes.
struct ChatAnswerer: Sendable {
    let remote: Remote
    /// Everything but the messages.
    let request: ChatCompletionRequest
    let console: Console

    func stream(_ messages: [ChatMessage], into answer: ChatAnswer) async throws {
        var request = request
        request.messages = messages.map {
            .init(role: $0.role.rawValue, content: $0.text, reasoningContent: $0.reasoning)
        }
        let start = ContinuousClock.now
        var first: ContinuousClock.Instant?
        var tokenCount: Int?
        var finishReason: String?
        var isComplete = false
        try await remote.events(
            .POST, "/chat/completions", JSONDocument.bytes(request), within: Limits.generationTimeout
        ) { event in
            guard event.data != ChatCompletionChunk.end else {
                isComplete = true
                return false
            }
            let chunk = try remote.decode(ChatCompletionChunk.self, Array(event.data.utf8))
            if let error = chunk.error { throw RemoteError(error.message) }
            tokenCount = chunk.usage?.completionTokens ?? tokenCount
            for choice in chunk.choices ?? [] {
                finishReason = choice.finishReason ?? finishReason
                guard let delta = choice.delta, show(delta, of: answer) else { continue }
                first = first ?? .now
            }
            return true
        }
        guard isComplete else {
            throw RemoteError(
                "the gateway broke off in the midst of the answer; bitnet-ctl status may say why")
        }
        console.write("\n")
        note(tokenCount, from: start, first: first, finishReason)
    }

    /// Thoughts are for eyes: a program that reads the answer gets its words.
    ///
    /// - Returns: whether there is anything in it.
    private func show(_ delta: ChatCompletionChunk.Choice.Delta, of answer: ChatAnswer) -> Bool {
        let isTerminal = OutputScreen.isTerminal
        let thought = delta.reasoningContent ?? ""
        if !thought.isEmpty {
            answer.think(thought)
            let line = StyledLine(TerminalText.shown(thought), .faint)
            if isTerminal { console.write(line.text(isColoured: OutputScreen.isColoured)) }
        }
        let piece = delta.content ?? ""
        if !piece.isEmpty {
            if isTerminal, answer.text.isEmpty, !answer.thought.isEmpty { console.write("\n\n") }
            answer.append(piece)
            console.write(isTerminal ? TerminalText.shown(piece) : piece)
        }
        return !thought.isEmpty || !piece.isEmpty
    }

    private func note(
        _ tokenCount: Int?, from start: ContinuousClock.Instant, first: ContinuousClock.Instant?,
        _ finishReason: String?
    ) {
        guard let tokenCount, let first else { return }
        let seconds = first.duration(to: .now).seconds
        var line = plural(tokenCount, "token")
        // The first token's time is that of reading the prompt.
        if tokenCount > 1, seconds > 0 {
            line += ", \((Double(tokenCount - 1) / seconds).text(places: 1)) tok/s"
        }
        line += ", the first after \(start.duration(to: first).seconds.text(places: 2)) s"
        if let finishReason, finishReason != "stop" {
            line += ", ended by \(PrintableText.line(finishReason))"
        }
        console.note(StyledLine(line, .faint).text(isColoured: OutputScreen.isErrorColoured))
    }
}
