// SPDX-License-Identifier: MIT

package import BitNetCore

extension ShardReceiving {
    /// What the worker has to do next.
    package enum Directive: Equatable, Sendable {
        /// Find out what is on disk of the file, then call
        /// ``ShardReceiving/looked(transfer:presentByteCount:isComplete:)``.
        case look(PartFile)
        /// Tell the coordinator from which byte on the file is wanted, or that it is complete.
        case answer(PartFile, presentByteCount: UInt64, isComplete: Bool)
        /// Write the chunk's `count` bytes at `offset` of the partial file, and say so.
        case write(offset: UInt64, count: Int)
        /// All bytes are there: compare the digest, then call ``ShardReceiving/verified(transfer:)`` and answer.
        case verify(PartFile)
        /// The sender breaks the protocol: close the connection and report.
        case refuse(String)
    }
}
