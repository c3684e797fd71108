// SPDX-License-Identifier: MIT

package import BitNetCore

extension ShardSending {
    /// What the shell has to do next.
    package enum Directive: Equatable, Sendable {
        /// Offer the part; the answer goes to
        /// ``ShardSending/status(transfer:digest:presentByteCount:isComplete:now:)``.
        case offer(PartReference, transfer: UInt64)
        /// Send `count` bytes from `offset`, then call ``ShardSending/sent(now:)``; the next such directive comes
        /// no earlier.
        case send(PartReference, transfer: UInt64, offset: UInt64, count: Int)
        /// Say that the part is whole; the answer goes to
        /// ``ShardSending/result(transfer:digest:isAccepted:message:now:)``.
        case end(PartReference, transfer: UInt64)
        /// The worker has everything.
        case done
        /// Close the connection and report.
        case fail(TransferError)
    }
}
