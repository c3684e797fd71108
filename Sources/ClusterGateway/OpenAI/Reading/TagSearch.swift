// SPDX-License-Identifier: MIT

/// Finds a tag in text that comes piece by piece, and holds back only what may be the tag's beginning.
///
/// A tag has one `<`, its first byte: what looked like its beginning and is none can begin it anew at a `<` only.
struct TagSearch: Sendable {
    let tag: [UInt8]
    /// Bytes of the tag that the text so far ends with.
    private var matchCount = 0

    init(_ tag: StaticString) {
        self.tag = tag.withUTF8Buffer(Array.init)
    }

    /// Takes text up to the end of the tag, or all of it.
    ///
    /// - Returns: what is certainly no part of the tag, and whether the tag is complete.
    mutating func take(_ text: inout ArraySlice<UInt8>) -> (before: [UInt8], isFound: Bool) {
        var before: [UInt8] = []
        while let byte = text.popFirst() {
            guard byte == tag[matchCount] else {
                before += tag[..<matchCount]
                matchCount = byte == tag[0] ? 1 : 0
                if matchCount == 0 { before.append(byte) }
                continue
            }
            matchCount += 1
            guard matchCount == tag.count else { continue }
            matchCount = 0
            return (before, true)
        }
        return (before, false)
    }

    /// What was held back for nothing.
    mutating func finish() -> [UInt8] {
        defer { matchCount = 0 }
        return Array(tag[..<matchCount])
    }
}
