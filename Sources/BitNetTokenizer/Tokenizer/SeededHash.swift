// SPDX-License-Identifier: MIT

/// A cheap hash of short byte strings and of pairs of tokens.
///
/// Seeded at random, so that neither a file nor a prompt can choose its collisions.
struct SeededHash: Sendable {
    private let start = UInt64.random(in: .min ... .max)
    private let factor = UInt64.random(in: .min ... .max) | 1

    func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = start ^ UInt64(bytes.count)
        var offset = 0
        while offset + 8 <= bytes.count {
            hash = mix(hash, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        let left = bytes.count - offset
        if left >= 4 {
            let low = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            let high = bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
            hash = mix(hash, UInt64(high) << 32 | UInt64(low))
        } else if left > 0 {
            let word =
                UInt64(bytes[offset]) | UInt64(bytes[offset + left / 2]) << 8
                | UInt64(bytes[bytes.count - 1]) << 16
            hash = mix(hash, word)
        }
        return mix(hash, factor)
    }

    func callAsFunction(_ left: UInt32, _ right: UInt32) -> UInt64 {
        mix(start, UInt64(left) << 32 | UInt64(right))
    }

    private func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word).multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }
}
