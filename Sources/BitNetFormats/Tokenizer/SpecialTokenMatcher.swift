// SPDX-License-Identifier: MIT

/// Finds tokens that stand in the text under their own name, such as `<|eot_id|>`.
///
/// A trie, so that a prompt full of `<` costs no more than any other. Leftmost match, the longest there.
struct SpecialTokenMatcher: Sendable {
    /// Node and next byte to node; node 0 is the root.
    private var edges: [UInt64: UInt32] = [:]
    private var tokens: [UInt32: UInt32] = [:]
    private var nodeCount: UInt32 = 1
    private var firstBytes = [Bool](repeating: false, count: 256)

    /// Adds a token; of equal texts the first one counts.
    mutating func insert(_ text: ArraySlice<UInt8>, token: UInt32) {
        guard let first = text.first else { return }
        firstBytes[Int(first)] = true
        var node: UInt32 = 0
        for byte in text {
            let key = Self.key(node, byte)
            if let next = edges[key] {
                node = next
            } else {
                edges[key] = nodeCount
                node = nodeCount
                nodeCount += 1
            }
        }
        if tokens[node] == nil { tokens[node] = token }
    }

    /// The first match in `text` at or behind `start`.
    func firstMatch(in text: [UInt8], from start: Int) -> (range: Range<Int>, token: UInt32)? {
        guard !tokens.isEmpty else { return nil }
        for position in start..<text.count where firstBytes[Int(text[position])] {
            if let (end, token) = longest(text, position) { return (position..<end, token) }
        }
        return nil
    }

    private func longest(_ text: [UInt8], _ start: Int) -> (end: Int, token: UInt32)? {
        var node: UInt32 = 0
        var best: (end: Int, token: UInt32)?
        var position = start
        while position < text.count, let next = edges[Self.key(node, text[position])] {
            node = next
            position += 1
            if let token = tokens[node] { best = (position, token) }
        }
        return best
    }

    private static func key(_ node: UInt32, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }
}
