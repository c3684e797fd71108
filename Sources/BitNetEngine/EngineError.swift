// SPDX-License-Identifier: MIT
import BitNetCore

/// Why kernels, weights or a stage could not be set up.
package struct EngineError: RemediableError, Equatable {
    package enum Code: Equatable, Sendable {
        /// This processor or this build cannot run the chosen instruction set.
        case kernelsUnavailable
        /// The threads of the compute pool could not be had.
        case threadsUnavailable
        case outOfMemory
        /// Slots, context, step size, layers or model description outside what is allowed.
        case invalidConfiguration
        /// A part does not hold what the model description says.
        case invalidPart
        /// A stage was made before all its parts were loaded.
        case missingPart
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
