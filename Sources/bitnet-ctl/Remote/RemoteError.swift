// SPDX-License-Identifier: MIT
import BitNetCore

/// A coordinator or a gateway that does not answer, or not as it should.
struct RemoteError: RemediableError, Equatable {
    /// Whether another try may go better: nobody answered, or whoever did had no room.
    let isPassing: Bool
    let message: String

    init(_ message: String, isPassing: Bool = false) {
        self.message = PrintableText.line(message)
        self.isPassing = isPassing
    }
}
