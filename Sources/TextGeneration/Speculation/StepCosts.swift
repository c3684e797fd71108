// SPDX-License-Identifier: MIT

package import BitNetCore

/// What a step of so many tokens takes the stages, as they say themselves.
package struct StepCosts: Equatable, Sendable {
    /// Share of a later measurement in what is believed.
    private static let share: Float = 0.2
    /// What another token is believed to cost, in steps of one, before it is known.
    private static let priorSlope: Float = 0.3

    /// By count of tokens, microseconds; 0 where nothing is known.
    private var micros: [Float]

    /// - Parameter tokensMax: of steps that are asked for.
    package init(tokensMax: Int) {
        micros = [Float](repeating: 0, count: tokensMax + 1)
    }

    /// Takes in the time that a step took which only decoded.
    package mutating func take(_ traces: [StageTrace], tokenCount: Int) {
        let sum = traces.reduce(Float(0)) { $0 + Float($1.computeMicros) }
        guard sum > 0, micros.indices.contains(tokenCount) else { return }
        let known = micros[tokenCount]
        // One that took twice as long had to share its processor.
        micros[tokenCount] = known > 0 ? known + Self.share * (min(sum, 2 * known) - known) : sum
    }

    /// What a step of `count` tokens takes, in any unit.
    ///
    /// Between two counts that are known it is taken for even, and beyond the last one for as steep as is usual.
    package func cost(ofTokens count: Int) -> Float {
        if micros.indices.contains(count), micros[count] > 0 { return micros[count] }
        let below = micros[..<min(count, micros.count)].lastIndex { $0 > 0 }
        let above = micros.indices.contains(count + 1) ? micros[(count + 1)...].firstIndex { $0 > 0 } : nil
        switch (below, above) {
        case (let below?, let above?):
            let part = Float(count - below) / Float(above - below)
            return micros[below] + part * (micros[above] - micros[below])
        case (let below?, nil):
            return scaled(micros[below], from: below, to: count)
        case (nil, let above?):
            return scaled(micros[above], from: above, to: count)
        case (nil, nil):
            return scaled(1, from: 1, to: count)
        }
    }

    private func scaled(_ cost: Float, from known: Int, to count: Int) -> Float {
        func relative(_ count: Int) -> Float { 1 + Self.priorSlope * Float(count - 1) }
        return cost * relative(count) / relative(known)
    }
}
