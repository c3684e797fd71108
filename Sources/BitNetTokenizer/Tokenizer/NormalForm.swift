// SPDX-License-Identifier: MIT

@_spi(_Unicode) import Swift

/// Unicode's normal form NFC, as Hugging Face's library makes it.
///
/// Its tables are Unicode 9's: a character of a later version neither composes nor changes places with others.
enum NormalForm {
    private static let unicodeVersion = (major: 9, minor: 0)

    /// UTF-8 with its characters composed; `nil` for a text that is so already.
    static func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Nothing below U+0300 composes or is composed otherwise.
        guard text.contains(where: { $0 >= 0xCC }) else { return nil }
        var result = String.UnicodeScalarView()
        var known = String.UnicodeScalarView()
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            if let age = scalar.properties.age, age > unicodeVersion {
                result.append(contentsOf: String(known)._nfc)
                result.append(scalar)
                known = .init()
            } else {
                append(scalar, to: &known)
            }
        }
        result.append(contentsOf: String(known)._nfc)
        return Array(String(result).utf8)
    }

    /// Tibetan vowels that are never composed come in their parts.
    ///
    /// The standard library would not let marks change places with those.
    private static func append(_ scalar: Unicode.Scalar, to text: inout String.UnicodeScalarView) {
        switch scalar.value {
        case 0xF73: text.append(contentsOf: ["\u{F71}", "\u{F72}"])
        case 0xF75: text.append(contentsOf: ["\u{F71}", "\u{F74}"])
        case 0xF81: text.append(contentsOf: ["\u{F71}", "\u{F80}"])
        default: text.append(scalar)
        }
    }
}
