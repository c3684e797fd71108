// SPDX-License-Identifier: MIT

import BitNetCore

/// Two characters that stand in no text of a conversation: noncharacters, which no text has a use for.
struct TemplateMarks {
    /// Stands inside of what looks like a special token and is none.
    let breaker: Unicode.Scalar
    /// Stands behind the words that the model is to go on with.
    let end: Unicode.Scalar

    /// - Parameter source: the template's.
    init(beside conversation: ChatConversation, _ source: String) {
        var used: Set<UInt32> = []
        func look(_ text: String) -> String {
            Self.find(in: text, &used)
            return text
        }
        _ = look(source)
        _ = conversation.variables(TemplateTraits(), look)
        // Where all of them are used, by somebody who wants to know what happens then, the first are taken out.
        let free = Self.values.filter { !used.contains($0) } + Self.values
        breaker = Unicode.Scalar(free[0]) ?? "\u{0}"
        end = Unicode.Scalar(free[1]) ?? "\u{1}"
    }

    private static let values: ClosedRange<UInt32> = 0xFDD0...0xFDEF

    /// Notes the marks that a text has, as they are or as Python shows them (`\ufdd0`).
    private static func find(in text: String, _ used: inout Set<UInt32>) {
        var text = text
        text.withUTF8 { bytes in
            for (index, byte) in bytes.enumerated() {
                switch byte {
                case 0xEF where index + 2 < bytes.count && bytes[index + 1] == 0xB7:
                    let value = 0xFDC0 + UInt32(bytes[index + 2] & 0x3F)
                    if values.contains(value) { used.insert(value) }
                case UInt8(ascii: "u") where index > 0 && bytes[index - 1] == UInt8(ascii: "\\"):
                    let digits = String(decoding: bytes[(index + 1)...].prefix(4), as: UTF8.self)
                    if let value = UInt32(digits, radix: 16), values.contains(value) { used.insert(value) }
                default: break
                }
            }
        }
    }

    /// What the template wrote before the end that was marked, with the white space behind the words where it keeps
    /// that; `nil` if it did not write the words.
    func beforeEnd(of text: String, space: String) -> String? {
        guard let place = text.unicodeScalars.lastIndex(of: end) else { return nil }
        // The template may have written the words before, too.
        let before = String(text[..<place]).replacing("\(end)\(space) ", with: space).replacing(
            "\(end)", with: "")
        let isKept = text.unicodeScalars[place...].dropFirst().starts(with: (space + " ").unicodeScalars)
        return isKept ? before + space : before
    }
}

extension ChatConversation {
    /// The same with `mark` behind the last message's words, before the white space there, and one more space.
    ///
    /// That space tells whether the template trims. Transformers marks its end so, too (`continue_final_message`).
    func endingWith(_ mark: Unicode.Scalar) -> (conversation: ChatConversation, space: String) {
        guard var last = messages.last else { return (self, "") }
        let (words, space) = last.lastText.partedAtSpace
        let marked = "\(words)\(mark)\(space) "
        if case .parts(let parts) = last.content {
            last.content = .parts(parts.dropLast() + [marked])
        } else {
            last.content = .text(marked)
        }
        var conversation = self
        conversation.ending = .closed
        conversation.messages[messages.count - 1] = last
        return (conversation, space)
    }
}

extension ChatMessage {
    fileprivate var lastText: String {
        if case .parts(let parts) = content { parts.last ?? "" } else { text }
    }
}

extension String {
    /// The text without the white space at its end, and that.
    fileprivate var partedAtSpace: (words: String, space: String) {
        guard let last = unicodeScalars.lastIndex(where: { !$0.isPythonSpace }) else { return ("", self) }
        let end = unicodeScalars.index(after: last)
        return (String(self[..<end]), String(self[end...]))
    }
}

extension Unicode.Scalar {
    /// White space as Python's `strip` sees it.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}
