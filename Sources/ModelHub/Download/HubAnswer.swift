// SPDX-License-Identifier: MIT
import BitNetCore

/// The head of an answer, as far as it matters.
package struct HubAnswer: Equatable, Sendable {
    package var status: UInt
    /// What the sender calls these bytes.
    package var entityTag: String?
    /// What the hub calls the file, where it leads elsewhere: its SHA-256 if it is a large one.
    package var linkedTag: String?
    package var contentRange: String?
    package var contentLength: UInt64?
    package var retryAfter: String?
    /// What a hub says of a refusal.
    package var code: String?
    package var words: String?
    /// Whether the hub itself answers, not whom it leads to.
    package var isOfHub = true

    package init(status: UInt) {
        self.status = status
    }

    /// The bytes that come and of how many, from `bytes 0-99/1234`.
    var range: (bytes: Range<UInt64>, total: UInt64?)? {
        guard let match = contentRange?.wholeMatch(of: /bytes ([0-9]{1,19})-([0-9]{1,19})\/([0-9]{1,19}|\*)/),
            let first = UInt64(match.output.1, radix: 10), let last = UInt64(match.output.2, radix: 10),
            first <= last, last < Limits.hubFileBytesMax
        else { return nil }
        return (first..<last + 1, UInt64(match.output.3, radix: 10))
    }

    /// The digest that ``linkedTag`` is, if it is one.
    var linkedDigest: ContentDigest? {
        linkedTag.flatMap { ContentDigest(hex: $0.replacing("\"", with: "")) }
    }

    /// The tag, if it stands for exact bytes.
    var strongTag: String? {
        entityTag.flatMap { $0.hasPrefix("\"") && $0.hasSuffix("\"") && $0.count > 2 ? $0 : nil }
    }
}
