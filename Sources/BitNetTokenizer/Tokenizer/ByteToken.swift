// SPDX-License-Identifier: MIT

/// Tokens such as `<0x0A>`, which stand for single bytes.
enum ByteToken {
    /// The byte, or `nil` for any other text; its digits are upper-case, as every known vocabulary has them.
    static func value(of text: some Collection<UInt8>) -> UInt8? {
        guard text.count == 6, text.starts(with: Array("<0x".utf8)),
            text.dropFirst(5).first == UInt8(ascii: ">")
        else { return nil }
        var value: UInt8 = 0
        for digit in text.dropFirst(3).prefix(2) {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | (digit - UInt8(ascii: "0"))
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | (digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }
}
