// SPDX-License-Identifier: MIT

package import BitNetCore

/// Where a model file's bytes are: mapped from disk, or in memory.
package enum ByteSource: Sendable {
    case mapped(MappedFile)
    case memory(AlignedBuffer)

    /// The whole file.
    ///
    /// Safety: valid while the source is alive.
    package var bytes: UnsafeRawBufferPointer {
        switch self {
        case .mapped(let file): file.bytes
        case .memory(let buffer): buffer.readOnly
        }
    }

    /// Lets the system take back the pages of `range`; they are read again when they are used again.
    package func releasePages(_ range: Range<Int>) {
        if case .mapped(let file) = self { file.releasePages(range) }
    }

    /// What `body` makes of the bytes, if all of them were there.
    ///
    /// - Throws: ``FileError`` if some were not; else what `body` throws.
    package func withWholeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        switch self {
        case .mapped(let file): try file.withWholeBytes(body)
        case .memory(let buffer): try buffer.withBytes(body)
        }
    }
}
