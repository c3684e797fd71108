// SPDX-License-Identifier: MIT

/// A chat template as a model's files have it: a program in Jinja, and where it stands.
package struct EmbeddedChatTemplate: Equatable, Sendable {
    package let text: String
    package let file: String
    /// The key under which the file has it; `nil` for a file that is nothing else.
    package let key: String?

    package init(_ text: String, file: String, key: String?) {
        self.text = text
        self.file = file
        self.key = key
    }
}
