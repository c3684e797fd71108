// SPDX-License-Identifier: MIT

import BitNetCore

/// A part file that cannot be used.
package struct PartFileError: RemediableError, Equatable {
    package enum Code: String, CaseIterable, Sendable {
        case notPart, unsupportedVersion, truncated, malformedHeader, malformedTensor, wrongLayout
        case nonZeroPadding, wrongContent
    }

    package let code: Code
    /// What is wrong, without the remedy.
    package let reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package var message: String {
        "part file: \(reason); delete it, and it will be fetched again"
    }
}
