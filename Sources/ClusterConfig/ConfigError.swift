// SPDX-License-Identifier: MIT

import BitNetCore

/// Something in a configuration that cannot be used.
package struct ConfigError: RemediableError, Equatable {
    /// The file, if there is one.
    package var path: String?
    /// Counted from 1.
    package var line: Int?
    /// What is wrong and what to do about it.
    package let reason: String

    package init(path: String? = nil, line: Int? = nil, _ reason: String) {
        self.path = path
        self.line = line
        self.reason = reason
    }

    /// `path:line: reason`, in one line, though a reason may quote what is in the file.
    package var message: String {
        let place = [path, line.map(String.init)].compactMap { $0 }.joined(separator: ":")
        return PrintableText.line(place.isEmpty ? reason : "\(place): \(reason)")
    }
}
