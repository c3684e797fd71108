// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#endif

/// By what a file is known again without reading it: a file that was replaced or written to has another.
package struct FileIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
    package let byteCount: UInt64
    package let modifiedSeconds: Int64
    package let modifiedNanoseconds: Int64

    init(_ status: stat) {
        device = UInt64(clamping: status.st_dev)
        inode = UInt64(clamping: status.st_ino)
        byteCount = UInt64(clamping: status.st_size)
        modifiedSeconds = Int64(clamping: status.st_mtim.tv_sec)
        modifiedNanoseconds = Int64(clamping: status.st_mtim.tv_nsec)
    }

    /// Little-endian, 40 bytes.
    package var encoded: [UInt8] {
        [
            device, inode, byteCount, UInt64(bitPattern: modifiedSeconds),
            UInt64(bitPattern: modifiedNanoseconds),
        ]
        .flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    }
}
