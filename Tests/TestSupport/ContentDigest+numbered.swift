// SPDX-License-Identifier: MIT

package import BitNetCore
import Testing

extension ContentDigest {
    /// A digest that differs for every number below 256.
    package static func numbered(_ number: UInt8) throws -> ContentDigest {
        try #require(ContentDigest([UInt8](repeating: number, count: ContentDigest.byteCount)))
    }

    /// A digest that differs for every number below 2^32.
    package static func counted(_ number: Int) -> ContentDigest {
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 < 4 ? number >> ($0 * 8) : 0) }
        guard let digest = ContentDigest(bytes) else { preconditionFailure("\(bytes.count) bytes") }
        return digest
    }
}
