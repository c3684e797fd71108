// SPDX-License-Identifier: MIT
import BitNetCore
import TextGeneration

/// Who has asked for one sequence, and compares what he is told with what he would be told by undisturbed stages.
final class Client {
    enum Ending: Equatable {
        case finished(FinishReason)
        case refused(SequenceRefusal)
        /// No other stages came up for so long.
        case noStages(waited: Duration)
        case cancelled
        /// Its process is gone, and with it the connection.
        case coordinatorGone
    }

    let number: Int
    let request: SequenceRequest
    /// Stops after so many tokens, as by a text that ends there.
    let stopCount: Int?
    /// Leaves after so long.
    let cancelTime: Duration?
    private let expected: Transcript
    private let failoverTimeout: Duration
    private let journal: Journal
    private var tokenCount = 0
    private var isScored = false
    private(set) var ending: Ending?
    /// Pipelines that were lost since it was told something.
    var pauseCount = 0

    init(
        _ number: Int, _ request: SequenceRequest, stopCount: Int?, cancelTime: Duration?,
        setting: Setting,
        journal: Journal
    ) throws {
        self.number = number
        self.request = request
        self.stopCount = stopCount
        self.cancelTime = cancelTime
        self.journal = journal
        failoverTimeout = setting.failoverTimeout
        expected = try Transcript(
            undisturbed: request, layers: setting.layers, contextLength: setting.contextLength)
    }

    /// What it has the stages do until it ends by itself.
    func stepCountMax(prefillChunk: Int) -> Int {
        request.prompt.count / prefillChunk + 1 + expected.tokens.count
    }

    private var isOver: Bool {
        if ending != nil { journal.fail("request \(number) is told something after its end") }
        return ending != nil
    }

    func share(_ count: Int) {
        if isOver { return }
        if count >= request.prompt.count { journal.fail("request \(number) shares \(count) tokens") }
    }

    func take(_ scores: [ScoredToken]) {
        if isOver { return }
        if isScored || tokenCount > 0 || scores != expected.scores {
            journal.fail("request \(number) is told the scores of its prompt wrong, late or twice")
        }
        isScored = true
    }

    /// - Returns: whether it wants no more.
    func take(_ token: Transcript.Token) -> Bool {
        if isOver { return false }
        pauseCount = 0
        guard tokenCount < expected.tokens.count, expected.tokens[tokenCount] == token else {
            journal.fail(
                "request \(number) is told \(token.id) as its token \(tokenCount), not "
                    + (tokenCount < expected.tokens.count ? "\(expected.tokens[tokenCount].id)" : "its end"))
            return false
        }
        tokenCount += 1
        return tokenCount == stopCount
    }

    func end(_ ending: Ending) {
        if isOver { return }
        self.ending = ending
        switch ending {
        case .finished(let reason):
            let isStopped = tokenCount == stopCount && reason == .stop
            guard isStopped || tokenCount == expected.tokens.count && reason == expected.reason else {
                return journal.fail("request \(number) ends by \(reason) after \(tokenCount) tokens")
            }
            if request.scores, !isScored {
                journal.fail("request \(number) ends without the scores of its prompt")
            }
        case .refused(let refusal): check(refusal)
        case .noStages(let waited):
            if waited < failoverTimeout { journal.fail("request \(number) is given up after \(waited)") }
        case .cancelled, .coordinatorGone: break
        }
        journal.note("request \(number) ends after \(tokenCount) tokens: \(ending)")
    }

    private func check(_ refusal: SequenceRefusal) {
        switch refusal.code {
        // Before it is taken.
        case .overloaded, .invalid:
            if tokenCount > 0 || isScored {
                journal.fail("request \(number) is refused after it was taken")
            }
        // Five pipelines in a row were lost under it.
        case .failed where pauseCount >= 5: break
        default:
            journal.fail("request \(number) is refused after \(pauseCount) losses: \(refusal.message)")
        }
    }
}
