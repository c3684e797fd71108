// SPDX-License-Identifier: MIT

/// How the next token is chosen.
package struct TokenDraw: Equatable, Sendable {
    /// 0 always takes the most probable token.
    package var temperature: Double
    package var topP: Double
    package var seed: UInt64

    package init(temperature: Double = 0, topP: Double = 1, seed: UInt64 = 0) {
        self.temperature = temperature
        self.topP = topP
        self.seed = seed
    }
}
