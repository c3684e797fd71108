// SPDX-License-Identifier: MIT

/// Finds tokens that stand in the text under their own name, such as `<|eot_id|>`.
///
/// A trie, so that a prompt full of `<` costs no more than any other. Leftmost match, the longest there.
struct SpecialTokenMatcher: Sendable {
    /// White space that a token takes with it.
    struct Strip: OptionSet, Sendable {
        let rawValue: UInt8
        static let left = Strip(rawValue: 1)
        static let right = Strip(rawValue: 2)
    }

    struct Match {
        var range: Range<Int>
        var token: UInt32
    }

    /// Node and next byte to node; node 0 is the root.
    private var edges: [UInt64: UInt32] = [:]
    private var tokens: [UInt32: UInt32] = [:]
    private var strips: [UInt32: Strip] = [:]
    private var nodeCount: UInt32 = 1
    private var firstBytes = [Bool](repeating: false, count: 256)

    var isEmpty: Bool { tokens.isEmpty }

    /// Adds a token; of equal texts the first one counts.
    mutating func insert(_ text: some Sequence<UInt8>, token: UInt32, strip: Strip = []) {
        var node: UInt32 = 0
        for byte in text {
            if node == 0 { firstBytes[Int(byte)] = true }
            let key = Self.key(node, byte)
            if let next = edges[key] {
                node = next
            } else {
                edges[key] = nodeCount
                node = nodeCount
                nodeCount += 1
            }
        }
        guard node != 0, tokens[node] == nil else { return }
        tokens[node] = token
        if !strip.isEmpty { strips[token] = strip }
    }

    /// The first match in `text` at or behind `position`, of tokens that `accepts` lets through; the text of others is
    /// passed over as a whole.
    ///
    /// - Parameter start: where the text before the match starts; a token takes no white space before it.
    func firstMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, accepts: (UInt32) -> Bool
    ) -> Match? {
        guard !tokens.isEmpty else { return nil }
        var position = start
        while position < text.count {
            guard firstBytes[Int(text[position])], let (end, token) = longest(text, position) else {
                position += 1
                continue
            }
            if accepts(token) { return widened(position..<end, token, text, start) }
            position = end
        }
        return nil
    }

    /// The first place at or behind `start` where a token's text stands, or at the end of `text` the beginning of one.
    func firstBeginning(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        text.indices[start...].first { place in
            guard firstBytes[Int(text[place])] else { return false }
            var node: UInt32 = 0
            for byte in text[place...] {
                guard let next = edges[Self.key(node, byte)] else { return false }
                if tokens[next] != nil { return true }
                node = next
            }
            return true
        }
    }

    private func widened(
        _ range: Range<Int>, _ token: UInt32, _ text: UnsafeBufferPointer<UInt8>, _ start: Int
    ) -> Match {
        guard let strip = strips[token] else { return Match(range: range, token: token) }
        var (lower, upper) = (range.lowerBound, range.upperBound)
        let spaces = PieceScanner(text, limit: text.count)
        if strip.contains(.left) { lower = spaces.startOfSpaces(before: lower, from: start) }
        if strip.contains(.right) { upper = spaces.endOfSpaces(from: upper) }
        return Match(range: lower..<upper, token: token)
    }

    private func longest(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (end: Int, token: UInt32)? {
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
