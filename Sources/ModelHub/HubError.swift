// SPDX-License-Identifier: MIT
import BitNetCore

/// A model that cannot be had: which, why, and what to do.
package struct HubError: RemediableError, Equatable {
    package let message: String

    package init(_ message: String) {
        self.message = PrintableText.line(message, bytesMax: 8192)
    }
}
