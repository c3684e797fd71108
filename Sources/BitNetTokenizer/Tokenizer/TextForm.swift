// SPDX-License-Identifier: MIT

/// What is done to text before it is cut into pieces.
///
/// SentencePiece writes a blank as U+2581. Here it stays a blank, in texts and in tokens, and U+2581 becomes one:
/// that is the same, and shorter.
struct TextForm: Sendable {
    /// Where a blank is put before text.
    enum Prefix: Sendable {
        case never
        case always
        /// Unless the text starts with one.
        case unlessThere
        /// As before, only before the first text, not behind special tokens.
        case firstUnlessThere
    }

    let isSentencePiece: Bool
    let prefix: Prefix
    /// Whether characters are composed first (Unicode's form NFC).
    var composes = false

    static let plain = TextForm(isSentencePiece: false, prefix: .never)

    private static let blank: [UInt8] = [0xE2, 0x96, 0x81]

    /// Whether text passes as it is.
    var isIdentity: Bool { !isSentencePiece && prefix == .never && !composes }

    /// Decoding drops the blank that encoding put there.
    var dropsFirstBlank: Bool { isSentencePiece && prefix != .never }

    func apply(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8] {
        var result: [UInt8] = []
        guard !text.isEmpty else { return result }
        if composes, let composed = NormalForm.composed(text) {
            return composed.withUnsafeBufferPointer {
                TextForm(isSentencePiece: isSentencePiece, prefix: prefix).apply($0, isFirst: isFirst)
            }
        }
        result.reserveCapacity(text.count + 1)
        let startsBlank = text[0] == 0x20 || isSentencePiece && text.starts(with: Self.blank)
        switch prefix {
        case .always: result.append(0x20)
        case .unlessThere where !startsBlank: result.append(0x20)
        case .firstUnlessThere where isFirst && !startsBlank: result.append(0x20)
        default: break
        }
        if isSentencePiece { Self.unmark(text, into: &result) } else { result.append(contentsOf: text) }
        return result
    }

    /// Appends `text` with blanks for U+2581.
    static func unmark(_ text: some RandomAccessCollection<UInt8>, into result: inout [UInt8]) {
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if byte == blank[0], text[index...].starts(with: blank) {
                result.append(0x20)
                index = text.index(index, offsetBy: 3)
            } else {
                result.append(byte)
                index = text.index(after: index)
            }
        }
    }
}
