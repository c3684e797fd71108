// SPDX-License-Identifier: MIT

/// How often the next token of a draft was accepted where those before it were, by how much stood as before.
package struct AcceptanceRates: Equatable, Sendable {
    /// Of matches of 2, 3 to 4, 5 to 8, 9 to 16 and more tokens: what is believed before anything is known.
    private static let priors: [Float] = [0.3, 0.45, 0.6, 0.75, 0.85]
    /// As many tokens as the prior counts for.
    private static let priorWeight: Float = 2
    /// What is left of the weight of earlier tokens with every later one: text changes.
    private static let memory: Float = 0.9

    private var accepted = AcceptanceRates.priors.map { $0 * AcceptanceRates.priorWeight }
    private var all = [Float](repeating: AcceptanceRates.priorWeight, count: AcceptanceRates.priors.count)

    package init() {}

    /// - Parameter length: tokens of the match, at least 2.
    package func rate(ofMatch length: Int) -> Float {
        let index = Self.index(length)
        return accepted[index] / all[index]
    }

    package mutating func count(_ isAccepted: Bool, ofMatch length: Int) {
        let index = Self.index(length)
        accepted[index] = accepted[index] * Self.memory + (isAccepted ? 1 : 0)
        all[index] = all[index] * Self.memory + 1
    }

    private static func index(_ length: Int) -> Int {
        switch length {
        case ...2: 0
        case ...4: 1
        case ...8: 2
        case ...16: 3
        default: 4
        }
    }
}
