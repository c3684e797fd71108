// SPDX-License-Identifier: MIT

import BitNetCore

/// What must come back for a step that was sent.
///
/// Results are matched by step, not by slot: a slot may have passed to another sequence meanwhile.
struct StepInFlight: Equatable, Sendable {
    struct Expectation: Equatable, Sendable {
        /// The sequence whose entry this was.
        let owner: UInt64
        /// Both of the sequence, when it was sent.
        let opening: UInt64
        let branch: Int
        let slot: UInt32
        let position: UInt32
        let output: StepEntry.Output
        let wantsLogProbability: Bool
        /// How many must come.
        let alternativeCount: Int
    }

    let id: UInt64
    /// All tokens are below it.
    let vocabularySize: Int
    /// One for each entry that has an output, in order.
    let expectations: [Expectation]
    let entryCount: Int
    /// Whether it holds nothing but drafts, which go where stages would stand idle.
    let onlyDrafts: Bool

    /// Whether nothing in it is of a prompt.
    var onlyDecodes: Bool {
        expectations.count == entryCount && expectations.allSatisfy { $0.output == .sample }
    }

    /// How `results` differ from what was asked for, or `nil`.
    func mismatch(_ results: [StepResult]) -> String? {
        guard results.count == expectations.count else {
            return "step \(id) brought \(results.count) results, \(expectations.count) were asked for"
        }
        for (result, expected) in zip(results, expectations) {
            guard result.slot == expected.slot, result.position == expected.position else {
                return
                    "step \(id) brought a result for slot \(result.slot), position \(result.position), instead "
                    + "of slot \(expected.slot), position \(expected.position)"
            }
            // There is nothing else in it.
            guard result.failure == nil else { continue }
            guard result.logProbability != nil || !expected.wantsLogProbability else {
                return
                    "step \(id) brought no log-probability for slot \(result.slot), position \(result.position)"
            }
            if case .score(let target) = expected.output, result.token != target {
                return "step \(id) scored token \(result.token) instead of \(target)"
            }
            guard result.alternatives.count == expected.alternativeCount else {
                return
                    "step \(id) brought \(result.alternatives.count) alternatives for slot \(result.slot), "
                    + "position \(result.position), instead of \(expected.alternativeCount)"
            }
            if let token = result.firstToken(from: UInt32(clamping: vocabularySize)) {
                return
                    "step \(id) brought token \(token) for slot \(result.slot), position \(result.position), "
                    + "but the vocabulary has \(vocabularySize)"
            }
        }
        return nil
    }
}

extension StepResult {
    /// The first token of the result that is not below `bound`.
    fileprivate func firstToken(from bound: UInt32) -> UInt32? {
        token >= bound ? token : alternatives.first { $0.token >= bound }?.token
    }
}
