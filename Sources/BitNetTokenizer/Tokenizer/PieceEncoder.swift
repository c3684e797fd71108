// SPDX-License-Identifier: MIT

/// Turns text into tokens: cuts it into pieces, and merges the symbols of each.
struct PieceEncoder: Sendable {
    let vocabulary: Vocabulary
    let merges: MergeTable
    let symbols: SymbolTable
    let preTokenizer: PreTokenizer
    /// A piece that is a token as a whole is that token, however merges would get there.
    let ignoresMerges: Bool

    /// Shorter texts repeat too few words.
    private static let cachedTextBytesMin = 1024

    /// Appends the tokens of `text`.
    ///
    /// O(n log n) in its bytes, of which a single piece may have all.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, into tokens: inout [UInt32], _ work: inout MergeWorkspace
    ) {
        var cache = text.count >= Self.cachedTextBytesMin ? WordCache(textByteCount: text.count) : nil
        preTokenizer.forEachPiece(of: text, in: 0..<text.count) { range in
            let piece = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[range])
            let hash = vocabulary.hash(of: piece)
            if cache?.copy(range, hash, of: text, to: &tokens) == true { return }
            let start = tokens.count
            encode(piece, hash, into: &tokens, &work)
            cache?.insert(range, hash, tokens: start..<tokens.count)
        }
    }

    private func encode(
        _ piece: UnsafeRawBufferPointer, _ hash: UInt64, into tokens: inout [UInt32],
        _ work: inout MergeWorkspace
    ) {
        if ignoresMerges, let token = vocabulary.find(piece, hash: hash) { return tokens.append(token) }
        symbols.split(piece, vocabulary, into: &work.symbols)
        work.merge(merges)
        symbols.emit(work.symbols, into: &tokens)
    }
}

/// Where words of one text stand in it and in its tokens, so that a word is merged once.
///
/// Of fixed size; a word replaces another of the same place.
struct WordCache {
    private struct Entry {
        var hash: UInt64 = 0
        var textStart: UInt32 = 0
        var tokensStart: UInt32 = 0
        var textCount: UInt16 = 0
        var tokenCount: UInt16 = 0
    }

    private var entries: [Entry]

    private static let entriesMax = 8192

    /// - Returns: `nil` if offsets could not be told in 32 bits.
    init?(textByteCount: Int) {
        guard textByteCount < Int(UInt32.max) / 2 else { return nil }
        var count = 64
        while count < Self.entriesMax, count * 16 < textByteCount { count *= 2 }
        entries = [Entry](repeating: Entry(), count: count)
    }

    /// Appends the tokens of an equal word, if one is known.
    func copy(
        _ range: Range<Int>, _ hash: UInt64, of text: UnsafeBufferPointer<UInt8>, to tokens: inout [UInt32]
    ) -> Bool {
        let entry = entries[index(hash)]
        guard entry.hash == hash, Int(entry.textCount) == range.count else { return false }
        let start = Int(entry.textStart)
        for offset in 0..<range.count where text[start + offset] != text[range.lowerBound + offset] {
            return false
        }
        for index in Int(entry.tokensStart)..<Int(entry.tokensStart) + Int(entry.tokenCount) {
            tokens.append(tokens[index])
        }
        return true
    }

    mutating func insert(_ range: Range<Int>, _ hash: UInt64, tokens: Range<Int>) {
        guard let textCount = UInt16(exactly: range.count), let tokenCount = UInt16(exactly: tokens.count),
            let tokensStart = UInt32(exactly: tokens.lowerBound)
        else { return }
        entries[index(hash)] = Entry(
            hash: hash, textStart: UInt32(range.lowerBound), tokensStart: tokensStart, textCount: textCount,
            tokenCount: tokenCount)
    }

    private func index(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> 20) & (entries.count - 1)
    }
}
