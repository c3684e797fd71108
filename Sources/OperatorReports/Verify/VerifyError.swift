// SPDX-License-Identifier: MIT
import BitNetCore

/// Why a cluster cannot be compared with a model.
package struct VerifyError: RemediableError, Equatable {
    package let message: String
}
