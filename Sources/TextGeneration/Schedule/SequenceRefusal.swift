// SPDX-License-Identifier: MIT

import BitNetCore

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
        /// What the model computes for it is not a finite number.
        case notFinite
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What is said of a sequence that a stage has given up.
    init(_ failure: SequenceFailure) {
        switch failure {
        case .notFinite:
            self.init(
                .notFinite,
                "what the model computes for this request is not a finite number, so that it has no next token; change "
                    + "the prompt, and if others fail too have the model file checked")
        case .refused:
            self.init(
                .failed,
                "a stage refused this request's tokens; the log of its worker says why under this request's id"
            )
        }
    }
}
