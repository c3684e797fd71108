// SPDX-License-Identifier: MIT
import BitNetCore

/// A text to read whole.
enum TextFile {
    static func read(_ path: String) throws -> String {
        let file = try MappedFile(path: path)
        guard file.byteCount <= Limits.promptBytesMax else {
            throw PerplexityError(message: "\(path) is larger than \(Limits.promptBytesMax) bytes")
        }
        return try file.withWholeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
