// SPDX-License-Identifier: MIT
import BitNetCore
import Synchronization

/// Bytes that all requests' bodies take together until they are decoded.
package final class BodyBudget: Sendable {
    /// That of the process.
    static let shared = BodyBudget(byteCountMax: Limits.requestBodiesBytesMax)

    private let byteCountMax: Int
    private let heldByteCount = Mutex(0)

    package init(byteCountMax: Int) {
        self.byteCountMax = byteCountMax
    }

    /// - Throws: ``APIError`` (503) if the others leave no room for so many more.
    package func take(_ byteCount: Int) throws(APIError) {
        let isTaken = heldByteCount.withLock { held in
            guard byteCount <= byteCountMax - held else { return false }
            held += byteCount
            return true
        }
        guard isTaken else {
            throw .unavailable("too many large requests come at a time: try again", retryAfter: .seconds(1))
        }
    }

    package func give(back byteCount: Int) {
        heldByteCount.withLock { $0 -= byteCount }
    }
}
