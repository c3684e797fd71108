// SPDX-License-Identifier: MIT
import BitNetCore

/// A file of a model on disk, and by what a change of it is noticed: place, size, time, and what its header says.
struct SourceFile: Sendable {
    private let file: MappedFile
    private let headerByteCount: Int
    private let header: ContentDigest

    /// - Parameter headerByteCount: Bytes from the start that tell what the others are.
    init(_ file: MappedFile, headerByteCount: Int) {
        self.file = file
        self.headerByteCount = min(headerByteCount, file.byteCount)
        header = Self.digest(file, self.headerByteCount)
    }

    /// By what the file is known in a store.
    var fingerprint: [UInt8] { file.identity.encoded + header.bytes }

    /// - Parameter isHeaderRead: Whether the header is read again too, so that a file which was overwritten with its
    ///   time set back is noticed.
    /// - Throws: ``FileError`` if the file is not what it was.
    func checkUnchanged(isHeaderRead: Bool) throws(FileError) {
        try file.checkUnchanged()
        guard isHeaderRead else { return }
        guard Self.digest(file, headerByteCount) == header else { throw FileError(changed: file.path) }
        try file.checkWhole()
    }

    private static func digest(_ file: MappedFile, _ byteCount: Int) -> ContentDigest {
        file.withBytes { ContentDigest.of(UnsafeRawBufferPointer(rebasing: $0[..<byteCount])) }
    }
}
