// SPDX-License-Identifier: MIT

import BitNetCore

/// Why a shard cannot be brought to a worker.
package struct TransferError: RemediableError, Equatable {
    package enum Code: Equatable, Sendable {
        /// The worker answered what cannot be true.
        case violation
        /// The worker found another digest than was sent, again and again.
        case rejected
        /// The worker is alive but writes nothing, or answers nothing.
        case stalled
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
