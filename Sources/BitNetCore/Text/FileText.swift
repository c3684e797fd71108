// SPDX-License-Identifier: MIT

/// Text files as editors of all systems write them.
package enum FileText {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// `bytes` without the mark that some editors put before UTF-8.
    package static func withoutMark(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        bytes.starts(with: byteOrderMark)
            ? UnsafeRawBufferPointer(rebasing: bytes[byteOrderMark.count...]) : bytes
    }

    /// `text` without such a mark.
    package static func withoutMark(_ text: String) -> String {
        text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    }

    /// The lines of `text`, ended by line feeds with or without carriage returns before them.
    package static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }
}
