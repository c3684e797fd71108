// SPDX-License-Identifier: MIT

package import BitNetCore

extension ShardSending {
    /// What a worker said it has of one part.
    package struct Presence: Equatable, Sendable {
        package var digest: ContentDigest
        /// Bytes from the start of the file.
        package var byteCount: UInt64
        /// All bytes are there and verified.
        package var isComplete: Bool

        package init(digest: ContentDigest, byteCount: UInt64, isComplete: Bool) {
            self.digest = digest
            self.byteCount = byteCount
            self.isComplete = isComplete
        }
    }

    /// What the shell has to do next; each is answered by exactly one event.
    package enum Directive: Equatable, Sendable {
        /// Offer the part; the answer goes to ``ShardSending/status(digest:presentByteCount:isComplete:)``.
        case offer(PartReference)
        /// Send `count` bytes, 1...``ShardSending/chunkBytesMax``, from `offset`; then call
        /// ``ShardSending/sent(_:)``.
        case send(PartReference, offset: UInt64, count: Int)
        /// Say that the part is whole; the answer goes to ``ShardSending/result(digest:isAccepted:message:)``.
        case end(PartReference)
        /// The worker has everything.
        case done
        /// Close the connection and report.
        case fail(TransferError)
    }
}
