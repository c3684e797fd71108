// SPDX-License-Identifier: MIT
package import BitNetCore

/// What the KV caches hold, for people.
package enum ReservationText {
    package static func line(_ cache: CacheShape, byteCount: UInt64) -> String {
        "room for \(plural(cache.slots, "sequence")) of \(cache.context) tokens at a time: "
            + "\(ByteCount.text(byteCount)) of KV cache (\(cache.type.rawValue))"
    }
}
