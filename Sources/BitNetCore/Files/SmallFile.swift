// SPDX-License-Identifier: MIT
import Glibc

/// Files that are read whole, as those by which the kernel tells of itself.
package enum SmallFile {
    /// All bytes.
    ///
    /// - Throws: ``FileError`` for one that cannot be read, or has more than `bytesMax`.
    package static func bytes(
        _ path: String, bytesMax: Int = Limits.configBytesMax
    ) throws(FileError) -> [UInt8] {
        let file = try MappedFile(path: path)
        guard file.bytes.count <= bytesMax else {
            throw FileError(path: path, operation: "read", errno: EFBIG)
        }
        return withExtendedLifetime(file) { Array($0.bytes) }
    }

    /// The first `bytesMax` bytes as text, without white space around it; `nil` if the file cannot be read.
    package static func text(_ path: String, bytesMax: Int = 16 << 10) -> String? {
        guard let file = try? FileDescriptor(path: path, flags: O_RDONLY | O_NONBLOCK) else { return nil }
        let text = withUnsafeTemporaryAllocation(byteCount: bytesMax, alignment: 1) { buffer in
            (try? file.read(into: buffer, at: 0)).map {
                String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<$0]), as: UTF8.self)
            }
        }
        return text.map { text in
            let from = text.drop(while: \.isWhitespace)
            return from.lastIndex { !$0.isWhitespace }.map { String(from[...$0]) } ?? ""
        }
    }
}
