// SPDX-License-Identifier: MIT
import BitNetCore

/// Why a pipeline cannot be measured, or a record of measurements not be read.
package struct PipelineBenchError: RemediableError {
    package let message: String

    package init(message: String) {
        self.message = message
    }
}
