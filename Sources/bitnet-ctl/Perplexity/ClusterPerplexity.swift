// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine

/// A text's perplexity as a running cluster has it.
struct ClusterPerplexity: Sendable {
    let model: GatewayModel
    /// Requests at a time: enough to fill a pipeline's stages, few enough to leave slots to others.
    static let requestsAtATime = 4

    /// Tokens that are read in a window, as in ``perplexity(tokens:stages:)``.
    ///
    /// The last token of a window is scored by the gateway as part of the prompt, which takes a place in the context.
    static func windowLength(contextLength: Int?) -> Int {
        // A gateway that does not tell its context has one that is long enough for this.
        max((contextLength ?? 512) - 1, 1)
    }

    /// The windows as prompts; neighbours share a token, which one scores and the other reads.
    static func windows(_ tokens: [UInt32], length: Int) -> [[UInt32]] {
        stride(from: 0, to: tokens.count - 1, by: length).map { start in
            Array(tokens[start..<min(start + length + 1, tokens.count)])
        }
    }

    /// Scores of each window's tokens after its first.
    func scores(_ windows: [[UInt32]]) async throws -> [[Float]] {
        try await concurrently(windows.count, limit: Self.requestsAtATime) { index in
            try await model.scores(of: windows[index])
        }
    }

    /// `nil` without scores.
    static func perplexity(_ scores: [[Float]]) -> Perplexity? {
        let count = scores.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        let sum = scores.joined().reduce(0.0) { $0 - Double($1) }
        return Perplexity(negativeLogLikelihood: sum / Double(count), tokenCount: count)
    }
}
