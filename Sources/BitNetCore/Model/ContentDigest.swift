// SPDX-License-Identifier: MIT

/// A SHA-256 value: the identity of a part, of a shard, of a model file.
package struct ContentDigest: Hashable, Sendable {
    package static let byteCount = 32
    package let bytes: [UInt8]

    /// - Returns: `nil` unless there are exactly 32 bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        let copy = [UInt8](bytes)
        guard copy.count == Self.byteCount else { return nil }
        self.bytes = copy
    }

    /// 64 lower-case hexadecimal digits; safe as a file name, for it never holds anything else.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap {
                [digits[Int(truncatingIfNeeded: $0 >> 4)], digits[Int(truncatingIfNeeded: $0 & 15)]]
            }, as: UTF8.self)
    }

    /// - Returns: `nil` unless `text` is what ``hex`` writes.
    package init?(hex text: String) {
        let digits = text.utf8.map { digit -> UInt8? in
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x61...0x66: digit - 0x61 + 10
            default: nil
            }
        }
        guard digits.count == 2 * Self.byteCount, !digits.contains(nil) else { return nil }
        let values = digits.compactMap { $0 }
        self.init((0..<Self.byteCount).map { values[2 * $0] << 4 | values[2 * $0 + 1] })
    }

    /// The first twelve digits, for people.
    package var short: String { String(hex.prefix(12)) }
}

extension ContentDigest: CustomStringConvertible {
    package var description: String { hex }
}
