// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// JSON as it came, for looking into.
enum JSONTree {
    static func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }
}
