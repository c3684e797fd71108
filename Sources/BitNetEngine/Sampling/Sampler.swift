// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

/// Chooses the next token: a pure function of logits, parameters, history and position.
///
/// Order: biases and penalties (`LogitAdjustment`), temperature, top-k, top-p, min-p, draw. The exponential is
/// the kernels' own and all sums are taken in a fixed order, so that every machine draws the same token.
package enum Sampler {
    /// - Parameters:
    ///   - logits: `[vocabulary]`, no NaN, at least one; changed during the call, as before on return.
    ///   - history: the sequence's tokens up to `position`; tokens outside the vocabulary do not count.
    ///   - promptTokenCount: how many of them were not generated.
    ///   - position: with `parameters.seed` the draw's only source of randomness.
    /// - Returns: the token for the position after `position`.
    package static func choose(
        logits: UnsafeMutableBufferPointer<Float>, parameters: SamplingParameters,
        history: UnsafeBufferPointer<UInt32>, promptTokenCount: UInt32 = 0, position: UInt32
    ) -> UInt32 {
        let adjustment = LogitAdjustment(
            logits, parameters: parameters, history: history, promptTokenCount: promptTokenCount)
        defer { adjustment.undo() }
        let logits = UnsafeBufferPointer(logits)
        guard parameters.temperature > 0, let best = LargestLogits.select(1, of: logits).first else {
            return LargestLogits.select(1, of: logits).first?.token ?? 0
        }
        let distribution = Distribution(
            largest: Double(best.logit), temperature: Double(parameters.temperature))
        let uniform = CounterRandom.uniform(seed: parameters.seed, counter: UInt64(position))
        guard parameters.topK > 0 || parameters.topP < 1 else {
            return distribution.draw(uniform, from: logits, minP: Double(parameters.minP))
        }
        var kept = truncate(logits, parameters, distribution)
        // Never empty: the weight of the most likely token is 1.
        kept.removeAll { distribution.weight($0.logit) < Double(parameters.minP) }
        return distribution.draw(uniform, from: kept)
    }

    // MARK: Top-k, top-p

    /// The candidates that top-k and then top-p leave, in order; at least one.
    private static func truncate(
        _ logits: UnsafeBufferPointer<Float>, _ parameters: SamplingParameters, _ distribution: Distribution
    ) -> [Candidate] {
        let topP = Double(parameters.topP)
        if parameters.topK > 0 {
            let candidates = LargestLogits.select(Int(parameters.topK), of: logits)
            guard topP < 1 else { return candidates }
            let total = candidates.reduce(0) { $0 + distribution.weight($1.logit) }
            return distribution.prefix(of: candidates, reaching: topP * total) ?? candidates
        }
        // How many candidates it takes is unknown: try few, then more, rather than sort the vocabulary.
        let total = logits.reduce(0) { $0 + distribution.weight($1) }
        var count = 64
        while true {
            let candidates = LargestLogits.select(count, of: logits)
            if let prefix = distribution.prefix(of: candidates, reaching: topP * total) { return prefix }
            guard candidates.count < logits.count else { return candidates }
            count *= 8
        }
    }
}

/// Probabilities up to a common factor: weight = exp((logit − largest) / temperature), 1 for the largest.
private struct Distribution {
    let largest: Double
    let temperature: Double

    func weight(_ logit: Float) -> Double {
        let exponent = (Double(logit) - largest) / temperature
        // Below the least normal double; also −∞, which a tiny temperature gives.
        return exponent < -700 ? 0 : bn_exp(exponent)
    }

    /// The shortest prefix whose weights sum to at least `threshold`, or `nil` if all together do not.
    func prefix(of candidates: [Candidate], reaching threshold: Double) -> [Candidate]? {
        var sum = 0.0
        for (index, candidate) in candidates.enumerated() {
            sum += weight(candidate.logit)
            if sum >= threshold { return Array(candidates[...index]) }
        }
        return nil
    }

    /// The candidate in whose share of the total `uniform` falls.
    func draw(_ uniform: Double, from candidates: [Candidate]) -> UInt32 {
        let total = candidates.reduce(0) { $0 + weight($1.logit) }
        var rest = uniform * total
        for candidate in candidates {
            rest -= weight(candidate.logit)
            if rest < 0 { return candidate.token }
        }
        // Rounding may leave a rest of some 1e-16.
        return candidates.last { weight($0.logit) > 0 }?.token ?? 0
    }

    /// The same over the whole vocabulary in order of token ids, without tokens of less than `minP` of the
    /// largest probability.
    func draw(_ uniform: Double, from logits: UnsafeBufferPointer<Float>, minP: Double) -> UInt32 {
        func share(_ logit: Float) -> Double {
            let weight = weight(logit)
            return weight >= minP ? weight : 0
        }
        var rest = uniform * logits.reduce(0) { $0 + share($1) }
        var last: UInt32 = 0
        for token in logits.indices {
            let share = share(logits[token])
            guard share > 0 else { continue }
            rest -= share
            last = UInt32(token)
            if rest < 0 { return last }
        }
        return last
    }
}
