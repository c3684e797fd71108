// SPDX-License-Identifier: MIT

/// The printable alphabet in which byte-level BPE writes bytes (GPT-2).
///
/// 0x21–0x7E, 0xA1–0xAC and 0xAE–0xFF stand for themselves; the other 68 bytes, in order, are U+0100,
/// U+0101, …
enum ByteAlphabet {
    /// Code point to byte, or −1.
    private static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        var next = 0x100
        for byte in 0...255 {
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xFF).contains(byte) && byte != 0xAD
            table[isPrintable ? byte : next] = Int16(byte)
            if !isPrintable { next += 1 }
        }
        return table
    }()

    /// Appends the bytes that `text` (UTF-8) stands for.
    ///
    /// - Returns: `false`, and appends nothing sensible, if a character is not of the alphabet.
    static func decode(_ text: some Sequence<UInt8>, into result: inout [UInt8]) -> Bool {
        // Every code point of the alphabet takes one or two bytes of UTF-8.
        var lead: Int?
        for byte in text {
            let codePoint: Int
            switch (lead, byte) {
            case (nil, ..<0x80):
                codePoint = Int(byte)
            case (nil, 0xC2...0xC5):
                lead = Int(byte & 0x1F) << 6
                continue
            case (let high?, 0x80..<0xC0):
                codePoint = high | Int(byte & 0x3F)
                lead = nil
            default:
                return false
            }
            guard codePoint < bytes.count, bytes[codePoint] >= 0 else { return false }
            result.append(UInt8(bytes[codePoint]))
        }
        return lead == nil
    }
}
