// SPDX-License-Identifier: MIT

@_spi(_Unicode) import Swift

/// Unicode's normal form NFC.
enum NormalForm {
    /// UTF-8 with its characters composed; `nil` for a text that is so already.
    static func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Nothing below U+0300 composes or is composed otherwise.
        guard text.contains(where: { $0 >= 0xCC }) else { return nil }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: String(decoding: text, as: UTF8.self)._nfc)
        return Array(String(result).utf8)
    }
}
