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

    /// Size, place and time of the file, by which a change is noticed; `nil` in memory.
    var identity: FileIdentity? {
        if case .mapped(let file) = self { file.identity } else { nil }
    }
}
