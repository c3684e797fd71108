// SPDX-License-Identifier: MIT

import BitNetCore
import Testing

extension ContentDigest {
    /// A digest that differs for every number below 256.
    static func numbered(_ number: UInt8) throws -> ContentDigest {
        try #require(ContentDigest([UInt8](repeating: number, count: ContentDigest.byteCount)))
    }
}
