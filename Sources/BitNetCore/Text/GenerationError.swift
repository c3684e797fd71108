// SPDX-License-Identifier: MIT

/// A generation that cannot start or cannot go on.
package struct GenerationError: RemediableError, Equatable {
    package enum Code: Equatable, Sendable {
        /// The request can never run as it stands.
        case invalid
        /// Prompt and answer do not fit the model's context.
        case tooLong
        /// Too many are waiting; later there may be room.
        case overloaded
        /// The service is starting, draining or down.
        case unavailable
        /// The pipeline has failed while the request ran.
        case failed
        /// What the model computes for the request is not a finite number; it is no use to try again.
        case notFinite
    }

    package let code: Code
    package let message: String
    /// When another try may be worth it.
    package let retryAfter: Duration?

    package init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    package static let pipelineClosed = GenerationError(.failed, "the pipeline was closed")
    package static let serviceEnded = GenerationError(
        .failed, "the service was told to end and had no more time for this answer; ask again")
    package static let unread = GenerationError(.failed, "the answer was read too slowly")
}
