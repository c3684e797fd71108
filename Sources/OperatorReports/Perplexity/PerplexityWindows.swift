// SPDX-License-Identifier: MIT
package import BitNetEngine

/// A text cut into windows, each of which is read by itself, as ``perplexity(tokens:stages:)`` does.
package struct PerplexityWindows: Equatable, Sendable {
    /// Tokens of a window that are read.
    package let length: Int
    /// As prompts; neighbours share a token, which one scores and the other reads.
    package let prompts: [[UInt32]]

    /// - Precondition: `length` is above 0.
    package init(_ tokens: [UInt32], length: Int) {
        self.length = length
        prompts = stride(from: 0, to: tokens.count - 1, by: length).map { start in
            Array(tokens[start..<min(start + length + 1, tokens.count)])
        }
    }

    /// Tokens that a window may have where a sequence holds `contextLength`.
    ///
    /// The last token of a window is scored by the gateway as part of the prompt, which takes a place in the context.
    package static func length(contextLength: Int?) -> Int {
        // A gateway that does not tell its context has one that is long enough for this.
        max((contextLength ?? 512) - 1, 1)
    }

    package var tokenCount: Int { prompts.reduce(0) { $0 + $1.count } }
}

extension Perplexity {
    /// Of the log-probabilities of each window's tokens after its first; `nil` without any.
    package init?(scores: [[Float]]) {
        let count = scores.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        let sum = scores.joined().reduce(0.0) { $0 - Double($1) }
        self.init(negativeLogLikelihood: sum / Double(count), tokenCount: count)
    }
}
