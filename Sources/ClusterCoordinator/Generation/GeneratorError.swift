// SPDX-License-Identifier: MIT
import BitNetCore

/// A generation that cannot start or cannot go on.
package struct GeneratorError: RemediableError, Equatable {
    package let message: String

    static let pipelineClosed = GeneratorError(message: "the pipeline was closed")
    static func request(_ reason: String) -> GeneratorError { GeneratorError(message: reason) }
}
