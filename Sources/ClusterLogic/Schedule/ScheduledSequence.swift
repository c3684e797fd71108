// SPDX-License-Identifier: MIT

import BitNetCore

/// A sequence that has a slot.
struct ScheduledSequence: Equatable, Sendable {
    let request: SequenceRequest
    let slot: UInt32
    /// Prompt tokens that are on their way or through.
    private(set) var promptSentCount = 0
    private(set) var generatedCount = 0
    private var lastToken: UInt32 = 0
    /// Log-probabilities of the prompt's tokens from the second on, as far as they have come.
    var scores: [Float] = []

    init(request: SequenceRequest, slot: UInt32) {
        self.request = request
        self.slot = slot
    }

    /// Prompt tokens that have to be computed: if nothing is to be generated, what follows the last one is
    /// nobody's question.
    private var promptNeededCount: Int {
        request.tokenCountMax == 0 ? request.prompt.count - 1 : request.prompt.count
    }

    var isPrefilling: Bool { promptSentCount < promptNeededCount }

    /// Scores that will come.
    var scoreCount: Int { request.scores ? request.prompt.count - 1 : 0 }

    /// The next prompt tokens, at most `countMax`.
    mutating func nextChunk(countMax: Int) -> [StepEntry] {
        let end = min(promptSentCount + countMax, promptNeededCount)
        let entries = (promptSentCount..<end).map { index in
            StepEntry(
                slot: slot, position: UInt32(index), token: request.prompt[index], output: output(at: index))
        }
        promptSentCount = end
        return entries
    }

    private func output(at index: Int) -> StepEntry.Output {
        if index == request.prompt.count - 1 { return .sample }
        return request.scores ? .score(target: request.prompt[index + 1]) : .none
    }

    /// The pipeline has chosen the next token.
    mutating func append(_ token: UInt32) {
        lastToken = token
        generatedCount += 1
    }

    /// The entry that feeds the last generated token back.
    var decodeEntry: StepEntry {
        StepEntry(
            slot: slot, position: UInt32(request.prompt.count + generatedCount - 1), token: lastToken,
            output: .sample)
    }
}
