// SPDX-License-Identifier: MIT

import BitNetCore

/// Bytes from a peer that are not what the protocol says.
///
/// The connection that brought them is of no further use.
package struct WireError: RemediableError, Equatable {
    package enum Code: Equatable, Sendable, CaseIterable {
        /// The peer does not speak this protocol at all.
        case magic
        /// The peer frames its messages in a way that this release does not know.
        case version
        case frameType
        /// Bits or bytes that must be zero are not.
        case reserved
        /// A size, a count or a number beyond its limit.
        case limit
        /// The bytes do not parse.
        case malformed
        /// Text that is not UTF-8, or that holds control characters.
        case text
        /// The name of something that this release does not know.
        case name
        /// Decoding would take more memory or more allocations than a message may.
        case budget
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = PrintableText.line(message)
    }
}
