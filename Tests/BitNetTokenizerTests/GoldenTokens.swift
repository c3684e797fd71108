// SPDX-License-Identifier: MIT

import BitNetCore
import FoundationEssentials
import ModelTestSupport
import TestSupport

/// What Hugging Face's library makes of texts.
struct GoldenTokens: Decodable {
    struct Case: Decodable {
        let text: String
        let ids: [UInt32]
        /// Those of a GGUF, which composes no characters, where that makes a difference.
        let raw: [UInt32]?
    }
    let plain: [Case]
    let withSpecials: [Case]

    enum CodingKeys: String, CodingKey {
        case plain
        case withSpecials = "with_specials"
    }

    /// - Parameter path: below `Tests/Golden`.
    static func read(_ path: String) throws -> GoldenTokens {
        let file = try MappedFile(path: Repository.path(of: "Tests/Golden/\(path)"))
        return try withExtendedLifetime(file) {
            try JSONDecoder().decode(GoldenTokens.self, from: Data(file.bytes))
        }
    }
}
