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
}
