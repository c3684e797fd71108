// SPDX-License-Identifier: MIT

extension PartReceiving {
    /// What the worker has to do next.
    package enum Directive: Equatable, Sendable {
        /// Write the chunk's `count` bytes at `offset` of the partial file.
        case write(offset: UInt64, count: Int)
        /// All bytes are there: compare the digest and answer.
        case verify
        /// The sender breaks the protocol: close the connection and report.
        case refuse(String)
    }
}
