// SPDX-License-Identifier: MIT

/// An error that a person can act on.
///
/// `message` says what went wrong, where (peer, file, offset, limit) and what to do about it; programs
/// print it as it is.
package protocol RemediableError: Error, CustomStringConvertible {
    var message: String { get }
}

extension RemediableError {
    package var description: String { message }
}
