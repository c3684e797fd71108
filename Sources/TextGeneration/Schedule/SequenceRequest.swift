// SPDX-License-Identifier: MIT

package import BitNetCore

/// One sequence that shall run.
package struct SequenceRequest: Equatable, Sendable {
    /// Chosen by the caller, never used twice.
    package var id: UInt64
    /// With whose sequences it shares what there is.
    package var owner: RequestOwner
    /// It takes over what was computed of prompts of the same scope only.
    var prefixScope: Int?
    /// The service itself asks whether the stages work: it takes a slot that is free and leaves it as it was, and is
    /// none of those that are counted.
    package var isProbe = false
    /// Names it in the stages' logs, at most `Limits.nameBytesMax` bytes; empty for none.
    package var requestID: String
    package var prompt: [UInt32]
    /// What earlier stages, which are lost, have generated after the prompt: it is computed like a prompt, and nobody is
    /// told of it again.
    var generated: [UInt32] = []
    /// Where earlier stages had it, which those that are left of them may still know.
    var formerSlot: UInt32?
    /// How many pipelines in a row were lost under it without a token in between.
    var lossCount = 0
    /// Whether tokens may be drafted for it, which changes none of those that it gets.
    package var mayBeDrafted = true
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
        stopTokens: Set<UInt32> = [], scores: Bool = false, requestID: String = "",
        owner: RequestOwner = .program
    ) {
        self.id = id
        self.owner = owner
        prefixScope = owner.prefixScope
        self.requestID = requestID
        self.prompt = prompt
        self.tokenCountMax = tokenCountMax
        self.sampling = sampling
        self.stopTokens = stopTokens
        self.scores = scores
    }
}
