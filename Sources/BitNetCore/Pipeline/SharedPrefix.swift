// SPDX-License-Identifier: MIT

/// The first tokens of a sequence whose keys and values a slot holds already.
///
/// What a token adds to the cache depends on the tokens before it and on nothing else, so that they are the
/// same bits that the new sequence would compute.
package struct SharedPrefix: Equatable, Sendable {
    /// The slot that holds them: open, or closed and not opened since; it may be the new sequence's own.
    package var slot: UInt32
    /// At least 1, at most what the slot holds.
    package var tokenCount: UInt32

    package init(slot: UInt32, tokenCount: UInt32) {
        self.slot = slot
        self.tokenCount = tokenCount
    }
}
