// SPDX-License-Identifier: MIT
import BitNetCore

/// Changes single logits before a token is chosen, and puts them back afterwards.
///
/// Order: biases, repetition penalty, presence and frequency penalties. Each changes a token on its own, so that
/// the order in which tokens are visited means nothing.
struct LogitAdjustment {
    private let logits: UnsafeMutableBufferPointer<Float>
    /// What was changed, and its logit before.
    private var originals: [Candidate] = []

    /// - Parameters:
    ///   - logits: `[vocabulary]`; tokens outside the vocabulary are left out everywhere.
    ///   - history: the sequence's tokens so far.
    ///   - promptTokenCount: how many of them were not generated.
    init(
        _ logits: UnsafeMutableBufferPointer<Float>, parameters: SamplingParameters,
        history: UnsafeBufferPointer<UInt32>, promptTokenCount: UInt32
    ) {
        self.logits = logits
        for bias in parameters.biases { change(bias.token) { $0 + bias.bias } }
        penaliseRepetition(parameters, history)
        penaliseGenerated(parameters, history.dropFirst(Int(promptTokenCount)))
    }

    /// Puts back what was changed.
    func undo() {
        // The other way round, as a token may have been changed more than once.
        for original in originals.reversed() { logits[Int(original.token)] = original.logit }
    }

    /// Each distinct token of the window once: a positive logit is divided by the penalty, a negative one
    /// multiplied (CTRL, arXiv 1909.05858 §4.1, with llama.cpp's treatment of negative logits).
    private mutating func penaliseRepetition(
        _ parameters: SamplingParameters, _ history: UnsafeBufferPointer<UInt32>
    ) {
        let penalty = parameters.repetitionPenalty
        guard penalty != 1, parameters.repetitionWindow > 0 else { return }
        for token in Set(history.suffix(Int(parameters.repetitionWindow))) {
            change(token) { $0 > 0 ? $0 / penalty : $0 * penalty }
        }
    }

    /// logit − count · frequency penalty − presence penalty (OpenAI's API reference, “frequency and presence
    /// penalties”), for tokens that were generated at least once.
    private mutating func penaliseGenerated(
        _ parameters: SamplingParameters, _ generated: Slice<UnsafeBufferPointer<UInt32>>
    ) {
        guard parameters.presencePenalty != 0 || parameters.frequencyPenalty != 0 else { return }
        var counts: [UInt32: Int] = [:]
        for token in generated { counts[token, default: 0] += 1 }
        for (token, count) in counts {
            let penalty = Float(count) * parameters.frequencyPenalty + parameters.presencePenalty
            change(token) { $0 - penalty }
        }
    }

    private mutating func change(_ token: UInt32, _ body: (Float) -> Float) {
        guard token < UInt32(logits.count) else { return }
        let logit = logits[Int(token)]
        // A tiny repetition penalty must not turn a large logit into infinity, whose differences are NaN.
        let bound = Float.greatestFiniteMagnitude
        logits[Int(token)] = min(max(body(logit), -bound), bound)
        originals.append(Candidate(token: token, logit: logit))
    }
}
