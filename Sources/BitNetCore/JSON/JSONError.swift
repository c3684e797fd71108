// SPDX-License-Identifier: MIT

/// Text that is not the JSON that was expected: where, what stands there, and what to do.
package struct JSONError: RemediableError, Equatable {
    /// The file, or what else the text is.
    package let file: String
    /// Bytes from the start of the file.
    package let offset: Int
    package let found: String
    package let expected: String
    /// What to do about it, if there is more to say.
    package var remedy: String?

    package init(file: String, offset: Int, found: String, expected: String, remedy: String? = nil) {
        self.file = file
        self.offset = offset
        self.found = found
        self.expected = expected
        self.remedy = remedy
    }

    package var message: String {
        "\(file) (byte \(offset)): found \(found), expected \(expected)" + (remedy.map { "; \($0)" } ?? "")
    }
}

/// What a ``JSONReader`` throws: an error that can be made of a fault in the text.
package protocol JSONReadingError: Error {
    init(_ fault: JSONError)
}

extension JSONError: JSONReadingError {
    package init(_ fault: JSONError) { self = fault }
}
