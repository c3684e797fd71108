// SPDX-License-Identifier: MIT

import BitNetCore

/// Why a model cannot be divided among the workers.
package struct PlanError: RemediableError, Equatable {
    package enum Code: Equatable, Sendable {
        /// The model's figures are out of bounds.
        case cost
        /// No workers, or too many.
        case workers
        /// The layers in workers.yaml leave gaps, overlap, or do not belong to the model.
        case layers
        /// The workers' memory does not hold the model.
        case memory
    }

    package let code: Code
    package let message: String
    /// With `.memory`: bytes by which all workers together are short; 0 if only the distribution fails.
    package let shortByteCount: UInt64

    package init(_ code: Code, _ message: String, shortByteCount: UInt64 = 0) {
        self.code = code
        self.message = message
        self.shortByteCount = shortByteCount
    }
}
