// SPDX-License-Identifier: MIT

/// What a person is told of something that goes on.
package struct Notice: Equatable, Sendable {
    /// Lines of one subject that come often: all but the last may be left out.
    package struct Progress: Equatable, Sendable {
        package var subject: String
        package var isLast: Bool

        package init(_ subject: String, isLast: Bool) {
            self.subject = subject
            self.isLast = isLast
        }
    }

    package var lines: [String]
    package var progress: Progress?

    package init(_ lines: [String], progress: Progress? = nil) {
        self.lines = lines
        self.progress = progress
    }
}
