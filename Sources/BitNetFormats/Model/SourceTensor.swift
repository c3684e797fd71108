// SPDX-License-Identifier: MIT

import BitNetCore

/// A tensor of a model, in whatever container it is stored, its extent checked against the file.
package struct SourceTensor: Sendable {
    package let name: String
    /// The container's name of how the values are stored, for people.
    package let typeName: String
    /// Outputs of a matrix; 1 for a norm.
    package let rows: Int
    /// Inputs of a matrix, channels of a norm.
    package let columns: Int
    package let content: TensorContent
    /// Path of the file it lies in, for messages.
    package let file: String
    /// Bytes from the start of that file.
    package let offset: Int
    /// Bytes that it takes there; 0 if the type is unknown.
    package let byteCount: Int
    private let source: ByteSource

    package init(
        name: String, typeName: String, rows: Int, columns: Int, content: TensorContent, file: String,
        offset: Int, byteCount: Int, source: ByteSource
    ) {
        self.name = name
        self.typeName = typeName
        self.rows = rows
        self.columns = columns
        self.content = content
        self.file = file
        self.offset = offset
        self.byteCount = byteCount
        self.source = source
    }

    /// Safety: valid while this value, or another owner of its file, is alive.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: source.bytes[offset..<offset + byteCount])
    }

    /// Whether `other` is stored in the same way and holds the same bytes.
    func hasContents(of other: SourceTensor) -> Bool {
        content == other.content && rows == other.rows && columns == other.columns
            && bytes.elementsEqual(other.bytes)
    }

    /// Tells the system that the pages of `range`, bytes of the tensor, are not needed for now: they would count
    /// as this process's memory for as long as nobody else needs the room.
    func releasePages(_ range: Range<Int>) {
        source.releasePages(offset + range.lowerBound..<offset + range.upperBound)
    }

    func error(
        _ code: ModelFileError.Code, at position: Int? = nil, found: String, expected: String,
        remedy: String = ModelFileError.damaged
    ) -> ModelFileError {
        ModelFileError(
            code, file: file, subject: name, offset: offset + (position ?? 0), found: found,
            expected: expected, remedy: remedy)
    }
}
