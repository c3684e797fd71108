// SPDX-License-Identifier: MIT

package import BitNetCore
private import Crypto
import Glibc

/// SHA-256 of bytes that arrive in pieces.
package struct ContentHasher {
    private var state = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state.update(bufferPointer: bytes)
    }

    /// Takes the first `byteCount` bytes of a file, a piece at a time.
    ///
    /// - Parameter isWanted: asked before each piece.
    /// - Throws: ``FileError``, also if the file ends before, or the rest is not wanted any more.
    package mutating func update(
        _ file: FileDescriptor, byteCount: UInt64, while isWanted: () -> Bool = { true }
    ) throws(FileError) {
        let piece = AlignedBuffer(byteCount: Int(clamping: min(byteCount, 1 << 20)))
        defer { withExtendedLifetime(piece) {} }
        file.announceReading()
        var offset: UInt64 = 0
        while offset < byteCount {
            guard isWanted() else { throw FileError(path: file.path, operation: "read", errno: ECANCELED) }
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: piece.bytes[..<Int(clamping: min(byteCount - offset, UInt64(piece.bytes.count)))])
            guard try file.read(into: wanted, at: offset) == wanted.count else {
                throw FileError(path: file.path, operation: "read all of", errno: EIO)
            }
            update(UnsafeRawBufferPointer(wanted))
            offset += UInt64(wanted.count)
        }
    }

    /// The digest of everything so far; more may follow.
    package func finish() -> ContentDigest {
        guard let digest = ContentDigest(state.finalize()) else {
            preconditionFailure("a SHA-256 value has 32 bytes")
        }
        return digest
    }
}

extension ContentDigest {
    /// SHA-256 of `bytes`.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> ContentDigest {
        var hasher = ContentHasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// SHA-256 of `bytes`.
    package static func of(_ bytes: [UInt8]) -> ContentDigest {
        bytes.withUnsafeBytes { of($0) }
    }
}
