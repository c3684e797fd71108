// SPDX-License-Identifier: MIT

package import BitNetCore

/// One sequence that shall run.
package struct SequenceRequest: Equatable, Sendable {
    /// Chosen by the caller, never used twice.
    package var id: UInt64
    /// Names it in the stages' logs, at most `Limits.nameBytesMax` bytes; empty for none.
    package var requestID: String
    package var prompt: [UInt32]
    /// What earlier stages, which are lost, have generated after the prompt: it is computed like a prompt, and nobody is
    /// told of it again.
    var generated: [UInt32] = []
    /// How many pipelines in a row were lost under it without a token in between.
    var lossCount = 0
    /// Tokens to generate; with 0 the prompt is only scored, or nothing is done.
    package var tokenCountMax: Int
    package var sampling: SamplingParameters
    /// Tokens that end the sequence and are not part of it.
    package var stopTokens: Set<UInt32>
    /// The log-probability of every prompt token after the first is wanted, whatever is generated then; such a
    /// prompt is computed from its first token, for what others have computed brings no log-probabilities.
    package var scores: Bool

    package init(
        id: UInt64, prompt: [UInt32], tokenCountMax: Int, sampling: SamplingParameters = .init(),
        stopTokens: Set<UInt32> = [], scores: Bool = false, requestID: String = ""
    ) {
        self.id = id
        self.requestID = requestID
        self.prompt = prompt
        self.tokenCountMax = tokenCountMax
        self.sampling = sampling
        self.stopTokens = stopTokens
        self.scores = scores
    }
}
