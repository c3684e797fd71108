// SPDX-License-Identifier: MIT
import BitNetCore

/// Holds white space back until it is known whether it ends something.
///
/// More of it in a row than `Limits.answerSpaceBytesMax` is text like any other.
struct TrailingSpace: Sendable {
    private var held: [UInt8] = []
    /// The text so far ends with more white space than is held.
    private var isLong = false

    /// - Returns: what certainly ends nothing.
    mutating func append(_ text: [UInt8]) -> [UInt8] {
        if text.isEmpty { return [] }
        let end = text.lastIndex { !$0.isSpace }.map { $0 + 1 }
        let known = end.map { held + text[..<$0] } ?? []
        if end != nil { drop() }
        let tail = text[(end ?? 0)...]
        if isLong { return known + tail }
        held += tail
        guard held.count > Limits.answerSpaceBytesMax else { return known }
        isLong = true
        defer { held = [] }
        return known + held
    }

    mutating func drop() {
        held = []
        isLong = false
    }

    /// What was held back for nothing.
    mutating func finish() -> [UInt8] {
        defer { drop() }
        return held
    }
}

extension UInt8 {
    /// White space as C's `isspace` and Python's `str.strip` see it in ASCII.
    var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

extension BidirectionalCollection<UInt8> {
    /// Without white space at both ends.
    var trimmed: SubSequence {
        guard let start = firstIndex(where: { !$0.isSpace }), let last = lastIndex(where: { !$0.isSpace })
        else { return self[endIndex...] }
        return self[start...last]
    }
}
