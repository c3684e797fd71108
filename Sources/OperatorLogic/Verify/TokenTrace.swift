// SPDX-License-Identifier: MIT

/// Tokens by their text and how probable they were: what two ways to one text are compared by.
package struct TokenTrace: Equatable, Sendable {
    package private(set) var names: [String] = []
    /// Natural logarithms, as many as there are names.
    package private(set) var logProbabilities: [Float] = []

    package init() {}

    package var count: Int { names.count }

    package mutating func append(_ name: String, _ logProbability: Float) {
        names.append(name)
        logProbabilities.append(logProbability)
    }

    /// The first place where `other` has another token or another number; `nil` if both are the same.
    ///
    /// Numbers are compared as they are: there is no tolerance.
    package func difference(from other: TokenTrace) -> Difference? {
        let shared = min(count, other.count)
        let index =
            (0..<shared).first {
                names[$0] != other.names[$0] || logProbabilities[$0] != other.logProbabilities[$0]
            } ?? shared
        guard index < max(count, other.count) else { return nil }
        return Difference(place: index, cluster: entry(index), local: other.entry(index))
    }

    private func entry(_ index: Int) -> Difference.Entry? {
        index < count ? .init(token: names[index], logProbability: logProbabilities[index]) : nil
    }

    /// Where a cluster's text leaves that of one process.
    package struct Difference: Equatable, Codable, Sendable {
        package struct Entry: Equatable, Codable, Sendable {
            package var token: String
            package var logProbability: Float
        }

        /// Tokens before it that are the same.
        package var place: Int
        /// `nil` where the cluster's text had ended.
        package var cluster: Entry?
        /// `nil` where the text of this process had ended.
        package var local: Entry?
    }

    /// A token's text, or `bytes:\xe2\x80` if that is no text by itself, as the gateway writes it.
    package static func name(of bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return bytes.reduce(into: "bytes:") { text, byte in
            text += (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
        }
    }

    /// A log-probability within the bounds in which the gateway writes it, which JSON can hold.
    package static func written(_ logProbability: Float) -> Float {
        logProbability.isNaN ? -9999 : min(0, max(-9999, logProbability))
    }
}
