// SPDX-License-Identifier: MIT

package import BitNetCore

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

    /// A file that is nothing else.
    ///
    /// - Throws: ``ModelFileError`` for one that is no text.
    package init(_ file: MappedFile) throws(ModelFileError) {
        guard let text = file.withBytes({ String(validating: FileText.withoutMark($0), as: UTF8.self) })
        else {
            throw ModelFileError(
                .unsupportedChatTemplate, file: file.path, found: "bytes that are not UTF-8",
                expected: "a chat template")
        }
        self.init(text, file: file.path, key: nil)
    }
}
