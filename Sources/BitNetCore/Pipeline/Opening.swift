// SPDX-License-Identifier: MIT

/// A new sequence takes a slot.
///
/// Its KV rows and token history start empty, or with what another sequence has computed of the same tokens.
package struct Opening: Equatable, Sendable {
    package var slot: UInt32
    /// Matters to the last stage only.
    package var sampling: SamplingParameters
    /// Tokens of the sequence that were not generated; presence and frequency penalties do not look at them.
    package var promptTokenCount: UInt32
    /// What the sequence takes over instead of computing it.
    package var prefix: SharedPrefix?
    /// Names the request in the workers' logs, at most `Limits.nameBytesMax` bytes; empty for none.
    package var requestID: String

    package init(
        slot: UInt32, sampling: SamplingParameters, promptTokenCount: UInt32 = 0,
        prefix: SharedPrefix? = nil, requestID: String = ""
    ) {
        self.slot = slot
        self.sampling = sampling
        self.promptTokenCount = promptTokenCount
        self.prefix = prefix
        self.requestID = requestID
    }
}
