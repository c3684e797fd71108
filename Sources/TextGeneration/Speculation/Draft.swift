// SPDX-License-Identifier: MIT

/// Tokens that a sequence may go on with.
///
/// They travel behind its last token in the same step, and each of them that turns out to be what was drawn saves a
/// step: speculative decoding (Leviathan et al., arXiv 2211.17192), but accepted only if equal to the token that seed and
/// position draw, so that it changes no text at any temperature.
package struct Draft: Equatable, Sendable {
    package let tokens: [UInt32]
    /// How probable each token is to be accepted if those before it are.
    package let acceptance: Float
    /// How probable all that is on its way before them is to be accepted.
    package let reached: Float

    package init(tokens: [UInt32], acceptance: Float, reached: Float = 1) {
        self.tokens = tokens
        self.acceptance = acceptance
        self.reached = reached
    }

    /// How probable each token is to be accepted, the least last.
    var chances: [Float] {
        tokens.reduce(into: []) { chances, _ in chances.append((chances.last ?? reached) * acceptance) }
    }

    /// How many tokens a step of these alone is to have, which goes while the stages would stand idle.
    ///
    /// A stage that computes what is rejected may hold up what is not for as long as it takes, while what is accepted
    /// saves the time of all the others.
    ///
    /// - Returns: 0 if it is too improbable that they pay.
    package func count(aheadOf stageCount: Int, costs: StepCosts) -> Int {
        let chances = chances
        guard let first = chances.first, first * Float(stageCount) > 1 else { return 0 }
        var best: (gain: Float, count: Int) = (0, 0)
        var expected: Float = 0
        for (index, chance) in chances.enumerated() {
            expected += chance
            let gain = expected / costs.cost(ofTokens: index + 1)
            if gain > best.gain { best = (gain, index + 1) }
        }
        return best.count
    }
}

extension [Draft] {
    /// How many tokens of each draft a step is to take along, so that it brings the most for what it takes.
    ///
    /// A step of `count` sequences brings that many tokens and, of every draft, as many more as are accepted; they are
    /// taken in the order of how probable that is.
    ///
    /// - Parameter room: tokens that the step can take beside those of the sequences.
    package func counts(besides count: Int, costs: StepCosts, room: Int) -> [Int] {
        let chances = enumerated().flatMap { index, draft in
            draft.chances.map { (draft: index, chance: $0) }
        }.sorted { $0.chance > $1.chance }
        var best = (gain: Self.gainMin * Float(count) / costs.cost(ofTokens: count), taken: 0)
        var expected = Float(count)
        for (taken, next) in chances.prefix(Swift.max(room, 0)).enumerated() {
            expected += next.chance
            let gain = expected / costs.cost(ofTokens: count + taken + 1)
            if gain > best.gain { best = (gain, taken + 1) }
        }
        var counts = [Int](repeating: 0, count: self.count)
        for next in chances.prefix(best.taken) { counts[next.draft] += 1 }
        return counts
    }

    /// Less is not worth being wrong about.
    private static var gainMin: Float { 1.03 }
}
