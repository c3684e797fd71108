// SPDX-License-Identifier: MIT

import BitNetCore

/// A sequence that has a slot.
struct ScheduledSequence: Equatable, Sendable {
    let request: SequenceRequest
    let slot: UInt32
    /// Tells it from itself with another slot before.
    var opening: UInt64 = 0
    /// The prompt, and what was generated after it.
    private var tokens: [UInt32]
    /// Tokens that are on their way or through, those that were taken over included.
    private var sentCount: Int
    /// Tokens that were taken over.
    private let sharedCount: Int
    /// The prompt's tokens from the second on, as far as their log-probabilities have come.
    var scores: [ScoredToken] = []
    /// Drafted tokens that are on their way behind the known ones.
    private(set) var draft: [UInt32] = []
    /// What it follows from, and would go on from.
    private var match: RepeatIndex.Match?
    /// Grows whenever drafted tokens are rejected: what comes of steps from before that is of another text.
    private(set) var branch = 0
    private var repeats = RepeatIndex()
    private var rates = AcceptanceRates()

    /// - Parameter sharedCount: tokens of the prompt that the slot holds already.
    init(request: SequenceRequest, slot: UInt32, sharedCount: Int) {
        self.request = request
        self.slot = slot
        tokens = request.known
        sentCount = sharedCount
        self.sharedCount = sharedCount
    }

    /// What the stages are told of it, with what it takes over.
    func opening(_ prefix: SharedPrefix?) -> Opening {
        Opening(
            slot: slot, sampling: request.sampling, promptTokenCount: UInt32(clamping: request.prompt.count),
            prefix: prefix, requestID: request.requestID)
    }

    var isPrefilling: Bool { sentCount < request.neededCount }

    /// Known tokens that are not on their way yet.
    var unsentCount: Int { max(request.neededCount - sentCount, 0) }

    /// Tokens that another slot would have to be given before it could go on.
    var knownCount: Int { tokens.count }

    /// Whether it has written enough for what its turn took to begin.
    var hasHadItsTurn: Bool {
        (tokens.count - request.knownCount) * Self.tokensPerTurn >= request.neededCount - sharedCount
    }

    /// Computing so many tokens at once takes about as long as writing one.
    private static let tokensPerTurn = 16

    var generatedCount: Int { tokens.count - request.prompt.count }

    /// The tokens whose keys and values every stage holds once it has computed what was sent.
    var sentTokens: ArraySlice<UInt32> { tokens[..<sentCount] }

    /// Scores that will come.
    var scoreCount: Int { request.scores ? request.prompt.count - 1 : 0 }

    /// The next known tokens, at most `countMax`.
    mutating func nextChunk(countMax: Int) -> [StepEntry] {
        let end = min(sentCount + countMax, request.neededCount)
        let entries = (sentCount..<end).map { index in
            StepEntry(
                slot: slot, position: UInt32(clamping: index), token: tokens[index], output: output(at: index)
            )
        }
        sentCount = end
        return entries
    }

    /// Takes the known tokens into what drafts are made from.
    mutating func indexTokens() { repeats.extend(to: tokens) }

    /// What it may go on with, as far as that is wanted; `nil` if nothing like it stood in it before.
    mutating func nextDraft(countMax: Int, contextLength: Int) -> Draft? {
        match = repeats.longestMatch(in: tokens)
        return draftBehind(countMax: countMax, contextLength: contextLength)
    }

    /// What it may go on with behind what is on its way.
    func draftBehind(countMax: Int, contextLength: Int) -> Draft? {
        let wantedMax = min(request.tokenCountMax - generatedCount - 1, contextLength - tokens.count)
        let count = min(countMax, wantedMax - draft.count)
        guard count > 0, let match else { return nil }
        let rate = rates.rate(ofMatch: match.length)
        return Draft(
            tokens: tokens.continued(behind: draft, withPeriod: match.period, count: count), acceptance: rate,
            reached: (0..<draft.count).reduce(1) { reached, _ in reached * rate })
    }

    /// Whether all that is known of it is on its way, so that only drafts can follow.
    var isAwaited: Bool { sentCount == tokens.count }

    private func output(at index: Int) -> StepEntry.Output {
        if index == request.knownCount - 1 { return .sample }
        return request.scores ? .score(target: request.prompt[index + 1]) : .none
    }

    /// The pipeline has chosen the next token.
    ///
    /// - Returns: drafted tokens that are accepted thereby, 1 at most, and rejected.
    mutating func append(_ token: UInt32) -> (accepted: Int, rejected: Int) {
        tokens.append(token)
        guard let drafted = draft.first else { return (0, 0) }
        if let match { rates.count(drafted == token, ofMatch: match.length) }
        guard drafted == token else { return (0, dropDraft()) }
        draft.removeFirst()
        sentCount += 1
        return (1, 0)
    }

    /// What is on its way beyond the known tokens is not wanted any more.
    ///
    /// - Returns: how many tokens that are.
    mutating func dropDraft() -> Int {
        guard !draft.isEmpty else { return 0 }
        defer { draft = [] }
        branch += 1
        return draft.count
    }

    /// The entry that feeds the last generated token back.
    mutating func nextDecodeEntry() -> StepEntry {
        sentCount = tokens.count
        return sampled(tokens[tokens.count - 1], at: tokens.count - 1)
    }

    /// The entries that send drafted tokens behind what is on its way.
    mutating func nextDraftEntries(_ drafted: ArraySlice<UInt32>) -> [StepEntry] {
        let start = tokens.count + draft.count
        draft += drafted
        return drafted.enumerated().map { sampled($1, at: start + $0) }
    }

    private func sampled(_ token: UInt32, at position: Int) -> StepEntry {
        StepEntry(slot: slot, position: UInt32(clamping: position), token: token, output: .sample)
    }
}

extension ScheduledSequence {
    /// What is to be asked when it has a slot again, after it gave its own to somebody else.
    var putOff: SequenceRequest {
        var next = continued
        next.lossCount = 0
        // Somebody else has it from now on.
        next.formerSlot = nil
        return next
    }

    /// What is to be asked of other stages, now that those which ran it are lost.
    var continued: SequenceRequest {
        var next = request
        next.generated = Array(tokens[request.prompt.count...])
        next.formerSlot = slot
        // Scores are told once they are complete; what came of them before is computed again.
        next.scores = request.scores && scores.count < scoreCount
        next.lossCount = next.generated.count > request.generated.count ? 1 : request.lossCount + 1
        return next
    }
}

extension SequenceRequest {
    /// The tokens that it begins with.
    var known: [UInt32] { generated.isEmpty ? prompt : prompt + generated }

    var knownCount: Int { prompt.count + generated.count }

    /// Known tokens that have to be computed: if nothing is to be generated, what follows the last one is nobody's
    /// question.
    var neededCount: Int { tokenCountMax == 0 ? knownCount - 1 : knownCount }

    /// Known tokens that may be taken over: those whose outcome nobody asks for.
    var shareableCount: Int { scores ? 0 : neededCount - 1 }
}
