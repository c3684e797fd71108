// SPDX-License-Identifier: MIT
import BitNetCore

/// Text completions, whole and in chunks.
struct CompletionFormat: AnswerFormat {
    private struct Choice {
        var text = ""
        var logProbabilities = CompletionLogProbabilities()
        var finish: FinishReason?
        /// Scalars of text so far.
        var length = 0
    }

    private let name: AnswerName
    private let names: TokenNames
    private let wantsLogProbabilities: Bool
    private let wantsUsage: Bool
    private var choices: [Choice]
    /// What each choice's prompt adds, if it is echoed.
    private let echoes: [Echo]

    /// - Parameter prompts: of each choice.
    init(_ name: AnswerName, request: CompletionRequest, prompts: [[UInt32]], names: TokenNames) {
        self.name = name
        self.names = names
        wantsLogProbabilities = request.wantsLogProbabilities
        wantsUsage = request.common.wantsUsage
        choices = Array(repeating: Choice(), count: prompts.count)
        guard request.echoes else {
            echoes = []
            return
        }
        let choiceCount = request.common.choiceCount
        echoes = prompts.enumerated().map { index, tokens in
            Echo(request.prompts[index / choiceCount], tokens: tokens, names: names)
        }
    }

    // MARK: Whole

    mutating func take(choice: Int, event: GenerationEvent) {
        for piece in pieces(choice: choice, event: event) {
            choices[choice].text += piece.text
            if let entries = piece.logProbabilities { choices[choice].logProbabilities.append(entries) }
            choices[choice].finish = piece.finish ?? choices[choice].finish
        }
    }

    func whole(usage: Usage) -> Completion {
        let choices = choices.enumerated().map { index, choice in
            // Without scores an echo has no event of its own.
            let echo = wantsLogProbabilities || echoes.isEmpty ? "" : echoes[index].text
            return Completion.Choice(
                text: echo + choice.text, index: index,
                logprobs: Nullable(wantsLogProbabilities ? choice.logProbabilities : nil),
                finishReason: Nullable(choice.finish?.word))
        }
        return Completion(name, choices: choices, usage: Nullable(usage))
    }

    // MARK: Chunks

    func opening() -> [Completion] {
        guard !wantsLogProbabilities else { return [] }
        return echoes.indices.map { chunk($0, Piece(text: echoes[$0].text)) }
    }

    mutating func chunks(choice: Int, event: GenerationEvent) -> [Completion] {
        pieces(choice: choice, event: event).map { chunk(choice, $0) }
    }

    func chunk(usage: Usage) -> Completion {
        Completion(name, choices: [], usage: Nullable(usage))
    }

    private func chunk(_ choice: Int, _ piece: Piece) -> Completion {
        let choice = Completion.Choice(
            text: piece.text, index: choice, logprobs: Nullable(piece.logProbabilities),
            finishReason: Nullable(piece.finish?.word))
        return Completion(name, choices: [choice], usage: wantsUsage ? Nullable(nil) : nil)
    }

    // MARK: Pieces

    private struct Piece {
        var text = ""
        var logProbabilities: CompletionLogProbabilities?
        var finish: FinishReason?
    }

    /// What an event adds; none if that is nothing.
    private mutating func pieces(choice: Int, event: GenerationEvent) -> [Piece] {
        switch event {
        case .started, .paused: return []
        case .promptScored(let scores):
            guard wantsLogProbabilities, !echoes.isEmpty else { return [] }
            let echo = echoes[choice]
            choices[choice].length = echo.text.unicodeScalars.count
            return [Piece(text: echo.text, logProbabilities: echo.entries(scores, names: names))]
        case .token(let token):
            let offset = choices[choice].length
            choices[choice].length += token.text.unicodeScalars.count
            guard wantsLogProbabilities else { return token.text.isEmpty ? [] : [Piece(text: token.text)] }
            let score = TokenScore(token: token.id, logProbability: token.logProbability ?? .nan)
            var entries = CompletionLogProbabilities()
            entries.append(
                names.key(of: token.id), score.logProbability.written,
                names.map(of: token.alternatives, and: score), at: offset)
            return [Piece(text: token.text, logProbabilities: entries)]
        case .trailing(let text):
            return [Piece(text: text)]
        case .finished(let reason, _):
            return [Piece(finish: reason)]
        }
    }
}
