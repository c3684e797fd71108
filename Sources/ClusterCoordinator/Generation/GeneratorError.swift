// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterLogic

/// A generation that cannot start or cannot go on.
package struct GeneratorError: RemediableError, Equatable {
    /// Whether the same request may succeed later.
    package let isTemporary: Bool
    package let message: String

    init(isTemporary: Bool = false, message: String) {
        self.isTemporary = isTemporary
        self.message = message
    }

    init(_ refusal: SequenceRefusal) {
        self.init(isTemporary: refusal.code == .overloaded, message: refusal.message)
    }

    static let pipelineClosed = GeneratorError(message: "the pipeline was closed")
    static func request(_ reason: String) -> GeneratorError { GeneratorError(message: reason) }
}
