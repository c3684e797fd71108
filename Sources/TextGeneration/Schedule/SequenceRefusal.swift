// SPDX-License-Identifier: MIT

/// Why a sequence is not taken.
package struct SequenceRefusal: Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// The request can never run as it stands.
        case invalid
        /// The context does not hold it.
        case tooLong
        /// Too many are waiting; later there may be room.
        case overloaded
        /// The pipeline has failed.
        case failed
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
