// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Synchronization

/// A generator whose tokens are bytes and whose answers are written down beforehand.
///
/// Token t below 256 is the byte t; 256 is the special token `<s>`, which stands before every text, 257 `</s>`.
final class ScriptedGenerator: TextGenerator {
    struct State {
        var health = ServiceHealth(state: .serving, sinceLastToken: .seconds(2), isHealthy: true)
        var requests: [GenerationRequest] = []
        var callCount = 0
        var endedEarly = 0
    }

    enum Script: Sendable {
        /// Writes these texts, a token each.
        case texts([String])
        /// Writes what is said to a conversation, a character each.
        case answers(@Sendable (ChatConversation) -> String)
        /// Writes the tokens of a text, a byte each.
        case bytes(String)
        /// Fails before it begins.
        case refuses(GenerationError)
        /// Writes these texts and fails.
        case breaks([String], GenerationError)
        /// Writes these texts, then nothing more, until it is cancelled.
        case hangs([String])
        /// Writes these texts, waits at the gate and writes the others.
        case gated([String], Gate, [String])
        /// Writes a text again and again, until it is cancelled.
        case endless(String)
    }

    let script: Script
    let finish: FinishReason
    let state = Mutex(State())
    let contextLength: Int
    let answerForm: AnswerForm
    /// What the template writes behind “assistant:”.
    let opening: String
    let samplingDefaults: SamplingDefaults
    let readsTools: Bool

    init(
        _ script: Script = .texts(["Hello", " world"]), finish: FinishReason = .stop,
        contextLength: Int = 256, readsTools: Bool = false, answerForm: AnswerForm? = nil,
        opening: String = "", samplingDefaults: SamplingDefaults = SamplingDefaults()
    ) {
        self.script = script
        self.finish = finish
        self.contextLength = contextLength
        self.readsTools = readsTools
        self.answerForm = answerForm ?? AnswerForm(calls: readsTools ? .json : nil)
        self.opening = opening
        self.samplingDefaults = samplingDefaults
    }

    var model: ServedModel {
        var model = ServedModel(
            id: "tiny", createdAt: 1_700_000_000, contextLength: contextLength, vocabularySize: 258,
            parameterCount: 1000, hasChatTemplate: true, beginningMarker: "<s>")
        model.readsTools = readsTools
        model.answerForm = answerForm
        model.samplingDefaults = samplingDefaults
        return model
    }

    var health: ServiceHealth { state.withLock(\.health) }
    var fingerprint: String? { "fp_0123456789ab" }
    var requests: [GenerationRequest] { state.withLock(\.requests) }
    var endedEarly: Int { state.withLock(\.endedEarly) }

    /// How often it was asked, for one request or for several that belong together.
    var callCount: Int { state.withLock(\.callCount) }

    func generate(_ requests: [GenerationRequest]) -> [GenerationEvents] {
        state.withLock { $0.callCount += 1 }
        return requests.map(play)
    }

    private func play(_ request: GenerationRequest) -> GenerationEvents {
        state.withLock { $0.requests.append(request) }
        let (events, continuation) = GenerationEvents.make()
        let prompt: [UInt32]
        do throws(GenerationError) {
            if case .refuses(let error) = script { throw error }
            prompt = try tokens(of: request.prompt)
            guard prompt.count <= contextLength else {
                throw GenerationError(.tooLong, "the prompt is too long")
            }
        } catch {
            continuation.finish(throwing: error)
            return events
        }
        let writing = Task {
            continuation.yield(.started(prompt: prompt))
            if request.scoresPrompt { continuation.yield(.promptScored(scores(prompt, request))) }
            await write(request, prompt, to: continuation)
        }
        continuation.onTermination = { [weak self] reason in
            if case .finished(let error) = reason, !(error is ClientGone) { return }
            writing.cancel()
            self?.state.withLock { $0.endedEarly += 1 }
        }
        return events
    }

    private func write(
        _ request: GenerationRequest, _ prompt: [UInt32],
        to continuation: GenerationEvents.Source
    ) async {
        var count = 0
        func token(_ id: UInt32, _ text: String) {
            count += 1
            let sampling = request.sampling
            continuation.yield(
                .token(
                    GeneratedToken(
                        id: id, text: text,
                        logProbability: sampling.wantsLogProbabilities ? -0.5 : nil,
                        alternatives: Self.alternatives(of: id, count: Int(sampling.alternativeCount)),
                        time: .now)))
        }
        var error: GenerationError?
        switch script {
        case .texts(let texts):
            for text in texts.prefix(request.tokenCountMax) { token(UInt32(text.utf8.first ?? 0), text) }
        case .answers(let answer):
            guard case .conversation(let conversation) = request.prompt else { break }
            for character in answer(conversation).prefix(request.tokenCountMax) {
                token(UInt32(character.utf8.first ?? 0), String(character))
            }
        case .bytes(let text):
            for byte in text.utf8.prefix(request.tokenCountMax) {
                token(UInt32(byte), String(decoding: [byte], as: UTF8.self))
            }
        case .breaks(let texts, let failure):
            for text in texts { token(UInt32(text.utf8.first ?? 0), text) }
            error = failure
        case .refuses: break
        case .hangs(let texts):
            for text in texts { token(UInt32(text.utf8.first ?? 0), text) }
            try? await Task.sleep(for: .seconds(600))
        case .gated(let texts, let gate, let others):
            for text in texts { token(UInt32(text.utf8.first ?? 0), text) }
            await gate.wait()
            for text in others { token(UInt32(text.utf8.first ?? 0), text) }
        case .endless(let text):
            while !Task.isCancelled {
                token(UInt32(text.utf8.first ?? 0), text)
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        if let error { return continuation.finish(throwing: error) }
        var statistics = GenerationStatistics()
        statistics.promptTokenCount = prompt.count
        statistics.sharedTokenCount = 1
        statistics.generatedTokenCount = count
        continuation.yield(.finished(finish, statistics))
        continuation.finish()
    }

    /// The token itself, the best, and those after it, each half as probable.
    private static func alternatives(of token: UInt32, count: Int) -> [TokenScore] {
        (0..<count).map { TokenScore(token: (token + UInt32($0)) % 256, logProbability: -0.5 - Float($0)) }
    }

    private func scores(_ prompt: [UInt32], _ request: GenerationRequest) -> [ScoredToken] {
        prompt.dropFirst().map { token in
            ScoredToken(
                id: token, logProbability: -0.25,
                alternatives: (0..<Int(request.sampling.alternativeCount)).map {
                    TokenScore(token: (token + UInt32($0)) % 256, logProbability: -0.25 - Float($0))
                })
        }
    }

    func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] {
        switch prompt {
        case .text(let text, let readsMarkers):
            return [256] + tokens(ofText: text, readsMarkers: readsMarkers)
        case .tokens(let tokens):
            guard let unknown = tokens.first(where: { $0 > 257 }) else { return tokens }
            throw GenerationError(.invalid, "token \(unknown) is not one of the model's 258")
        case .pieces: throw GenerationError(.invalid, "no pieces here")
        case .conversation(let conversation):
            return [256] + tokens(ofText: try rendered(conversation), readsMarkers: false)
        }
    }

    func tokens(ofText text: String, readsMarkers: Bool) -> [UInt32] {
        let parts =
            readsMarkers ? text.split(separator: "</s>", omittingEmptySubsequences: false) : [text[...]]
        return Array(parts.map { $0.utf8.map(UInt32.init) }.joined(separator: [257]))
    }

    func rendered(_ conversation: ChatConversation) throws(GenerationError) -> String {
        let text = conversation.messages.map { "\($0.role.rawValue): \($0.text)\n" }.joined()
        return switch conversation.ending {
        case .opensAnswer: text + "assistant:" + opening
        case .continuesLast: String(text.dropLast())
        case .closed: text
        }
    }

    func text(of tokens: [UInt32]) throws(GenerationError) -> String {
        _ = try self.tokens(of: .tokens(tokens))
        return String(decoding: tokens.filter { $0 < 256 }.map { UInt8($0) }, as: UTF8.self)
    }

    func bytes(of token: UInt32) -> [UInt8] {
        switch token {
        case 0..<256: [UInt8(token)]
        case 256: Array("<s>".utf8)
        case 257: Array("</s>".utf8)
        default: []
        }
    }
}
