// SPDX-License-Identifier: MIT
package import OperatorLogic

/// What a comparison has found; as JSON its keys are written in snake case.
package struct VerifyReport: Equatable, Encodable, Sendable {
    /// One text.
    package struct Row: Equatable, Encodable, Sendable {
        package var prompt: String
        /// `greedy`, `sampled`, or `scores` for the tokens of a text that was only read.
        package var mode: String
        /// Tokens that are the same on both sides.
        package var tokens: Int
        package var isIdentical: Bool
        package var difference: TokenTrace.Difference?
    }

    /// What the hops between the stages cost.
    package struct Loss: Equatable, Encodable, Sendable {
        package var tokens: Int
        /// Tokens of a window.
        package var window: Int
        package var cluster: Double
        package var oneProcess: Double
        /// What the int8 hops between the stages cost, per cent.
        package var changePercent: Double
    }

    package var model: String
    package var stages: Int
    package var cuts: [Int]
    package var contextLength: Int
    package var cacheType: String
    package var rows: [Row]
    package var perplexity: Loss?

    package var isIdentical: Bool { rows.allSatisfy(\.isIdentical) }
}
