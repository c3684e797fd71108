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

    /// SHA-256 of `bytes`.
    package static func of(_ bytes: [UInt8]) -> ContentDigest {
        bytes.withUnsafeBytes { of($0) }
    }
}
