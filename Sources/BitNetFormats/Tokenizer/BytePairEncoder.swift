// SPDX-License-Identifier: MIT

/// Byte-level byte-pair encoding of one piece of text.
struct BytePairEncoder: Sendable {
    /// What two neighbouring tokens become.
    struct Merge: Sendable {
        /// Merges of lower rank come first.
        var rank: UInt32
        var token: UInt32
    }

    private let vocabulary: Vocabulary
    private let merges: [UInt64: Merge]
    /// The token of each single byte.
    private let byteTokens: [UInt32]
    /// A piece that is a token as a whole is that token, however merges would get there.
    private let ignoresMerges: Bool
    /// Stands for bytes without a token; without it such bytes are dropped.
    private let unknownToken: UInt32?

    /// No vocabulary is as large as these, so no merge knows them.
    private static let missing = UInt32.max - 1
    private static let mergedAway = UInt32.max

    init(vocabulary: Vocabulary, merges: [UInt64: Merge], ignoresMerges: Bool, unknownToken: UInt32?) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.ignoresMerges = ignoresMerges
        self.unknownToken = unknownToken
        byteTokens = (UInt8.min...UInt8.max).map { vocabulary.find([$0]) ?? Self.missing }
    }

    static func key(_ left: UInt32, _ right: UInt32) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

    /// Appends the tokens of `piece`.
    ///
    /// O(n log n) in its bytes: a piece of a million letters is as possible as one of five.
    func encode(_ piece: ArraySlice<UInt8>, into tokens: inout [UInt32], _ work: inout Workspace) {
        if piece.count == 1 || ignoresMerges, let token = vocabulary.find(piece) {
            tokens.append(token)
            return
        }
        work.reset(piece.lazy.map { byteTokens[Int($0)] })
        for index in work.tokens.indices.dropLast() { queue(index, &work) }
        while let candidate = work.candidates.popFirst() { apply(candidate, &work) }
        for token in work.tokens where token != Self.mergedAway {
            if token != Self.missing {
                tokens.append(token)
            } else if let unknownToken {
                tokens.append(unknownToken)
            }
        }
    }

    private func merge(at left: Int, _ work: Workspace) -> Merge? {
        let right = work.next[left]
        guard right < work.tokens.count else { return nil }
        return merges[Self.key(work.tokens[left], work.tokens[right])]
    }

    private func queue(_ left: Int, _ work: inout Workspace) {
        guard let merge = merge(at: left, work) else { return }
        work.candidates.insert(Candidate(rank: merge.rank, left: left))
    }

    /// Candidates are not removed when a neighbour changes; an outdated one no longer finds its rank, for a
    /// rank belongs to one pair of tokens.
    private func apply(_ candidate: Candidate, _ work: inout Workspace) {
        let left = candidate.left
        guard let merge = merge(at: left, work), merge.rank == candidate.rank else { return }
        let right = work.next[left]
        let after = work.next[right]
        work.tokens[left] = merge.token
        work.tokens[right] = Self.mergedAway
        work.next[left] = after
        if after < work.tokens.count { work.previous[after] = left }
        if work.previous[left] >= 0 { queue(work.previous[left], &work) }
        queue(left, &work)
    }

    /// A pair that may be merged.
    struct Candidate: Comparable {
        var rank: UInt32
        /// Index of the left token; of equal ranks the leftmost goes first.
        var left: Int

        static func < (one: Candidate, other: Candidate) -> Bool {
            (one.rank, one.left) < (other.rank, other.left)
        }
    }

    /// A doubly linked list of tokens and the pairs to be merged; reused from piece to piece.
    struct Workspace {
        fileprivate(set) var tokens: [UInt32] = []
        /// Index of the next token that is left; the count at the end.
        fileprivate(set) var next: [Int] = []
        /// Index of the token before; −1 at the start.
        fileprivate(set) var previous: [Int] = []
        fileprivate var candidates = MinHeap<Candidate>()

        fileprivate mutating func reset(_ initial: some Sequence<UInt32>) {
            tokens.removeAll(keepingCapacity: true)
            tokens.append(contentsOf: initial)
            next.removeAll(keepingCapacity: true)
            next.append(contentsOf: 1..<tokens.count + 1)
            previous.removeAll(keepingCapacity: true)
            previous.append(contentsOf: -1..<tokens.count - 1)
        }
    }
}
