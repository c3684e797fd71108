// SPDX-License-Identifier: MIT
import BitNetCore
import TextGeneration

/// What a client is told, in order.
struct Transcript: Equatable {
    struct Token: Equatable {
        let id: UInt32
        let logProbability: Float?
        let alternatives: [TokenScore]
    }

    var scores: [ScoredToken]?
    var tokens: [Token] = []
    var reason: FinishReason?

    init() {}

    /// What `request` brings when it has a machine for itself and nothing ever fails.
    init(undisturbed request: SequenceRequest, layers: LayerRange, contextLength: Int) throws {
        var stage = ToyStage(layers: layers, of: layers.end, slotCount: 1)
        try stage.open(
            Opening(
                slot: 0, sampling: request.sampling,
                promptTokenCount: UInt32(clamping: request.prompt.count))
        )
        var position: UInt32 = 0
        func compute(_ token: UInt32, _ output: StepEntry.Output) throws -> StepResult? {
            defer { position += 1 }
            let entry = StepEntry(slot: 0, position: position, token: token, output: output)
            return try stage.compute(Step(id: 1, entries: [entry]), hop: []).results.first
        }
        var scores: [ScoredToken] = []
        var next: StepResult?
        for (index, token) in request.prompt.enumerated() {
            let isLast = index == request.prompt.count - 1
            let target = request.scores && !isLast ? request.prompt[index + 1] : nil
            let result = try compute(
                token, target.map { .score(target: $0) } ?? (isLast ? .sample : .none))
            if isLast {
                next = result
            } else if let result, let logProbability = result.logProbability {
                scores.append(
                    ScoredToken(
                        id: result.token, logProbability: logProbability, alternatives: result.alternatives))
            }
        }
        if request.scores { self.scores = scores }
        while reason == nil, let result = next {
            if tokens.count == request.tokenCountMax {
                reason = .length
            } else if request.prompt.count + tokens.count > contextLength {
                reason = .context
            } else if request.stopTokens.contains(result.token) {
                reason = .stop
            } else {
                tokens.append(Token(result, of: request))
                next = try compute(result.token, .sample)
            }
        }
    }
}

extension Transcript.Token {
    fileprivate init(_ result: StepResult, of request: SequenceRequest) {
        self.init(
            id: result.token,
            logProbability: request.sampling.wantsLogProbabilities ? result.logProbability : nil,
            alternatives: result.alternatives)
    }
}
