// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Screens as they were looked at and found good: `Tests/Golden/screens`.
///
/// With `BITNET_WRITE_SCREENS=1` they are written instead of compared; look at the difference before it is kept.
enum GoldenScreen {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden/screens")

    static func expect(
        _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = directory.appending(path: name + ".txt")
        if ProcessInfo.processInfo.environment["BITNET_WRITE_SCREENS"] == "1" {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            Issue.record("\(name) was written, not compared", sourceLocation: sourceLocation)
            return
        }
        let expected = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(text == expected, "\(name):\n\(text)", sourceLocation: sourceLocation)
    }
}
