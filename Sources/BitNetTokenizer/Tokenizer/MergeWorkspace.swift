// SPDX-License-Identifier: MIT

/// Merges the symbols of one piece; reused from piece to piece.
///
/// Always the pair of lowest rank, of equal ranks the leftmost. Short pieces are searched anew after each merge;
/// long ones keep their candidates in a heap, so that a piece of a million characters takes O(n log n).
struct MergeWorkspace {
    /// No vocabulary is as large as this, so no merge knows it.
    static let missing = UInt32.max - 1
    private static let mergedAway = UInt32.max
    private static let noRank = UInt32.max
    /// Above it a heap is quicker than searching.
    private static let searchedMax = 24

    /// The piece's symbols; after ``merge(_:)`` what they became.
    var symbols: [UInt32] = []
    private var ranks: [UInt32] = []
    /// Index of the next symbol that is left; the count at the end.
    private var next: [UInt32] = []
    /// Index of the symbol before.
    private var previous: [UInt32] = []
    /// Rank, and index of the left symbol.
    private var candidates = MinHeap<UInt64>()

    mutating func merge(_ merges: MergeTable) {
        guard symbols.count > 1 else { return }
        if symbols.count <= Self.searchedMax { mergeBySearching(merges) } else { mergeByHeap(merges) }
    }

    private mutating func mergeBySearching(_ merges: MergeTable) {
        var count = symbols.count
        ranks.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 {
            ranks.append(merges.find(symbols[index], symbols[index + 1])?.rank ?? Self.noRank)
        }
        while count > 1 {
            var best = 0
            for index in 1..<count - 1 where ranks[index] < ranks[best] { best = index }
            guard ranks[best] != Self.noRank, let merge = merges.find(symbols[best], symbols[best + 1])
            else { break }
            symbols[best] = merge.token
            symbols.remove(at: best + 1)
            ranks.remove(at: best)
            count -= 1
            if best > 0 { rank(best - 1, merges) }
            if best + 1 < count { rank(best, merges) }
        }
    }

    private mutating func rank(_ index: Int, _ merges: MergeTable) {
        ranks[index] = merges.find(symbols[index], symbols[index + 1])?.rank ?? Self.noRank
    }

    private mutating func mergeByHeap(_ merges: MergeTable) {
        let count = symbols.count
        next.removeAll(keepingCapacity: true)
        next.append(contentsOf: 1...UInt32(count))
        previous.removeAll(keepingCapacity: true)
        previous.append(.max)
        previous.append(contentsOf: 0..<UInt32(count - 1))
        for index in 0..<count - 1 { queue(index, merges) }
        while let candidate = candidates.popFirst() { apply(candidate, merges) }
        symbols.removeAll { $0 == Self.mergedAway }
    }

    private func merge(at left: Int, _ merges: MergeTable) -> MergeTable.Merge? {
        let right = Int(next[left])
        guard right < symbols.count, symbols[left] != Self.mergedAway else { return nil }
        return merges.find(symbols[left], symbols[right])
    }

    private mutating func queue(_ left: Int, _ merges: MergeTable) {
        guard let merge = merge(at: left, merges) else { return }
        candidates.insert(UInt64(merge.rank) << 32 | UInt64(left))
    }

    /// Candidates are not removed when a neighbour changes; an outdated one no longer finds its rank, or finds a pair
    /// of that rank, which is as good.
    private mutating func apply(_ candidate: UInt64, _ merges: MergeTable) {
        let left = Int(candidate & 0xFFFF_FFFF)
        guard let merge = merge(at: left, merges), UInt64(merge.rank) == candidate >> 32 else { return }
        let right = Int(next[left])
        let after = next[right]
        symbols[left] = merge.token
        symbols[right] = Self.mergedAway
        next[left] = after
        if after < symbols.count { previous[Int(after)] = UInt32(left) }
        if previous[left] != .max { queue(Int(previous[left]), merges) }
        queue(left, merges)
    }
}
