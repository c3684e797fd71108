// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterLogic

/// What the KV caches hold, for people.
package enum ReservationText {
    package static func line(
        slotCount: Int, contextLength: Int, cacheType: String, byteCount: UInt64
    ) -> String {
        "room for \(plural(slotCount, "sequence")) of \(contextLength) tokens at a time: "
            + "\(ByteCount.text(byteCount)) of KV cache (\(cacheType))"
    }
}
