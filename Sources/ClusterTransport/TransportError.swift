// SPDX-License-Identifier: MIT
import BitNetCore

/// A connection that could not be made, broke, or stayed silent.
package struct TransportError: RemediableError, Equatable {
    /// What kind of trouble it is.
    package enum Code: Equatable, Sendable {
        case unreachable
        case closed
        case deadline
        case refused
        case violation
        case address
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
