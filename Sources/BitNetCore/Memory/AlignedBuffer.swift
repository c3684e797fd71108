// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#endif

/// Bytes on a 64-byte boundary, zeroed at first, freed with the object.
///
/// Safety: `@unchecked Sendable` because the owner hands it on whole: one thread writes, and whoever reads
/// later got the reference through a queue or a lock.
package final class AlignedBuffer: @unchecked Sendable {
    package let bytes: UnsafeMutableRawBufferPointer

    /// - Precondition: `byteCount` has been bounded by the caller.
    package init(byteCount: Int) {
        let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        bytes = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
    }

    deinit {
        bytes.baseAddress?.deallocate()
    }

    /// Valid while the object lives: for owners that hold it.
    ///
    /// Others use ``withBytes(_:)``.
    package var readOnly: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }

    /// Keeps the object alive while `body` reads.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(readOnly)
    }
}
