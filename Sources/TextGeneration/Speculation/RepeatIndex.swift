// SPDX-License-Identifier: MIT

/// Finds where the end of a sequence stood in it before, so that what followed there can be guessed to follow again.
///
/// The idea is prompt look-up decoding (A. Saxena, 2023); the index is that of LZ77 compressors (RFC 1951 §4): chains
/// of places at which the same pair of tokens may stand, the latest first.
package struct RepeatIndex: Equatable, Sendable {
    /// An earlier place at which the last `length` tokens stand as well.
    package struct Match: Equatable, Sendable {
        /// Tokens from there to here.
        package let period: Int
        package let length: Int

        package init(period: Int, length: Int) {
            self.period = period
            self.length = length
        }
    }

    /// Places that are looked at; text that says one thing all the time has as many as tokens.
    private static let candidatesMax = 16
    /// Longer matches are as good as these.
    private static let lengthMax = 32

    /// For each hash of a pair the place at which the latest one ends, or `none`; a power of two of them.
    private var heads = [UInt32](repeating: Self.none, count: 256)
    /// For each place the one before it whose pair has the same hash, or `none`.
    private var previous: [UInt32] = []
    /// No pair ends at the first token.
    private static let none: UInt32 = 0

    package init() {}

    /// Takes in the tokens that have come since.
    ///
    /// - Parameter tokens: all tokens so far, at most `Limits.contextMax` and one; the first are those of before.
    package mutating func extend(to tokens: [UInt32]) {
        if tokens.count > 2 * heads.count {
            heads = [UInt32](repeating: Self.none, count: 4 * heads.count)
            previous = []
        }
        for end in previous.count..<max(tokens.count, previous.count) {
            let head = end > 0 ? hash(of: tokens, endingAt: end) : 0
            previous.append(end > 0 ? heads[head] : Self.none)
            if end > 0 { heads[head] = UInt32(clamping: end) }
        }
    }

    /// The longest match of the last tokens, the latest of those; `nil` if not even two stand together anywhere else.
    ///
    /// - Parameter tokens: those that were taken in last.
    package func longestMatch(in tokens: [UInt32]) -> Match? {
        guard tokens.count > 2, previous.count == tokens.count else { return nil }
        var best: Match?
        var place = Int(clamping: previous[tokens.count - 1])
        for _ in 0..<Self.candidatesMax where place > 0 {
            let length = tokens.countShared(endingAt: place, countMax: Self.lengthMax)
            if length > max(best?.length ?? 0, 1) {
                best = Match(period: tokens.count - 1 - place, length: length)
            }
            place = Int(clamping: previous[place])
        }
        return best
    }

    private func hash(of tokens: [UInt32], endingAt end: Int) -> Int {
        let pair = UInt64(truncatingIfNeeded: tokens[end - 1]) << 32 | UInt64(truncatingIfNeeded: tokens[end])
        return Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 40) & (heads.count - 1)
    }
}

extension [UInt32] {
    /// Tokens up to `place` that are the same as at the end.
    fileprivate func countShared(endingAt place: Int, countMax: Int) -> Int {
        let bound = Swift.min(countMax, place + 1)
        var count = 0
        while count < bound, self[place - count] == self[self.count - 1 - count] { count += 1 }
        return count
    }

    /// The next `count` tokens behind these and `draft`, if the text goes on as it did `period` tokens ago.
    package func continued(behind draft: [UInt32] = [], withPeriod period: Int, count: Int) -> [UInt32] {
        let start = self.count + draft.count - period
        return (0..<count).map { offset in
            let place = start + offset % period
            return place < self.count ? self[place] : draft[place - self.count]
        }
    }
}
