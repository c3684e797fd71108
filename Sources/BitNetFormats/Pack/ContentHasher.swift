// SPDX-License-Identifier: MIT

package import BitNetCore
private import Crypto

/// SHA-256 of bytes that arrive in pieces.
package struct ContentHasher {
    private var state = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state.update(bufferPointer: bytes)
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

    /// SHA-256 of a file, of which not more than a piece is in this process's memory at a time.
    package static func of(_ file: MappedFile) -> ContentDigest {
        let pieceByteCount = 8 << 20
        var hasher = ContentHasher()
        file.withBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: pieceByteCount) {
                let range = start..<min(start + pieceByteCount, bytes.count)
                hasher.update(UnsafeRawBufferPointer(rebasing: bytes[range]))
                file.releasePages(range)
            }
        }
        return hasher.finish()
    }

    /// SHA-256 of `bytes`.
    package static func of(_ bytes: [UInt8]) -> ContentDigest {
        bytes.withUnsafeBytes { of($0) }
    }
}
