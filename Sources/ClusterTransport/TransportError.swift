// SPDX-License-Identifier: MIT
import BitNetCore

/// A connection that could not be made, broke, or stayed silent.
package struct TransportError: RemediableError, Equatable {
    /// What kind of trouble it is.
    package enum Code: Equatable, Sendable {
        case unreachable
        case closed
        /// The peer connected and said nothing.
        case unspoken
        case deadline
        case refused
        case violation
        case address
        /// The peer's certificate is of another cluster, or it takes this one's for such.
        case foreign
        /// The peer does not encrypt.
        case plain
        /// A certificate cannot be used.
        case certificate
    }

    /// Why a peer could not be reached.
    package enum Cause: Equatable, Sendable {
        /// The machine answers, but nobody listens on the port.
        case nobodyListens
        /// Nothing answers: the machine is down, or a firewall is in between.
        case noAnswer
        /// The name has no address.
        case unknownName
        case other
    }

    package let code: Code
    package let message: String
    /// With code `unreachable`.
    package let cause: Cause

    package init(_ code: Code, _ message: String, cause: Cause = .other) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
