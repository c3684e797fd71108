// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

extension TokenizerMetadata {
    /// Tokens merge by their scores: of two neighbours whose texts together are a token, those of the highest score.
    func sentencePieceTokenizer() throws(ModelFileError) -> Tokenizer {
        let kinds = try kinds()
        let pieces = try SentencePieceVocabulary(self, kinds: kinds)
        let unknown = try specialToken("unknown_token_id") ?? defaultToken(0)
        let encoder = PieceEncoder(
            vocabulary: pieces.vocabulary, merges: pieces.merges(ranks: try ranks()),
            symbols: SymbolTable(
                characters: pieces.vocabulary, byteTokens: pieces.byteTokens,
                partialCharacters: pieces.partialCharacters, unknownToken: unknown, fusesUnknown: true),
            preTokenizer: pieces.hasBlankInside ? .whole : .words, ignoresMerges: false)
        let addsPrefix = try gguf.flag("tokenizer.ggml.add_space_prefix") ?? true
        var stops = try stopTokens(pieces.vocabulary)
        if gguf.metadata["tokenizer.ggml.eos_token_id"] == nil, let end = defaultToken(2) {
            stops.insert(end)
        }
        return Tokenizer(
            encoder: encoder, form: TextForm(isSentencePiece: true, prefix: addsPrefix ? .always : .never),
            special: SpecialTokenMatcher(pieces.vocabulary),
            beginningToken: try specialToken("bos_token_id") ?? defaultToken(1),
            addsBeginning: try gguf.flag("tokenizer.ggml.add_bos_token") ?? true, stopTokens: stops,
            templateNames: try templateNames(pieces.vocabulary))
    }

    private func defaultToken(_ token: Int) -> UInt32? { token < tokenCount ? UInt32(token) : nil }

    /// Rank by descending score; equal scores have equal ranks.
    private func ranks() throws(ModelFileError) -> [UInt32] {
        let key = "tokenizer.ggml.scores"
        guard let scores = try gguf.floats(key), scores.count == tokenCount else {
            throw malformed(
                key, found: "\(try gguf.floats(key)?.count ?? 0) scores",
                expected: "\(tokenCount), one a token")
        }
        guard !scores.contains(where: \.isNaN) else {
            throw malformed(key, found: "a score that is not a number", expected: "numbers")
        }
        var ranks = [UInt32](repeating: 0, count: tokenCount)
        var rank: UInt32 = 0
        var previous: Float?
        for token in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if let previous, scores[token] != previous { rank += 1 }
            previous = scores[token]
            ranks[token] = rank
        }
        return ranks
    }
}

/// The tokens of a SentencePiece model, with blanks for U+2581.
private struct SentencePieceVocabulary {
    private(set) var vocabulary: Vocabulary
    /// The token of each byte, if there are such tokens.
    private(set) var byteTokens: [UInt32]?
    /// Characters that are part of a token but none themselves.
    private(set) var partialCharacters: [UInt32] = []
    /// Whether a token has a blank behind something else.
    private(set) var hasBlankInside = false

    init(_ metadata: TokenizerMetadata, kinds: [Vocabulary.Kind]?) throws(ModelFileError) {
        let gguf = metadata.gguf
        vocabulary = Vocabulary(capacity: metadata.tokenCount)
        var byteTokens = [UInt32](repeating: MergeWorkspace.missing, count: 256)
        for (token, range) in metadata.tokenRanges.enumerated() {
            let kind = kinds?[token] ?? .normal
            if kind == .byte || kinds == nil, let byte = ByteToken.value(of: gguf.bytes[range]) {
                byteTokens[Int(byte)] = UInt32(token)
                vocabulary.append(CollectionOfOne(byte), .byte, isFindable: false)
            } else if kind == .normal {
                guard range.count <= Limits.mergedTokenBytesMax else {
                    throw metadata.malformed(
                        GGUFFile.tokensKey, found: "token \(token) of \(range.count) bytes",
                        expected: "at most \(Limits.mergedTokenBytesMax)")
                }
                appendNormal(gguf.bytes[range])
            } else {
                vocabulary.append(gguf.bytes[range], kind, isFindable: false)
            }
        }
        self.byteTokens = byteTokens.allSatisfy { $0 == MergeWorkspace.missing } ? nil : byteTokens
        findPartialCharacters()
    }

    private mutating func appendNormal(_ bytes: some RandomAccessCollection<UInt8>) {
        var text: [UInt8] = []
        TextForm.unmark(bytes, into: &text)
        // A file's own blank is one that no text has: they all became U+2581 there. Other invalid texts neither.
        let isFindable = !bytes.contains(0x20) && String(validating: text, as: UTF8.self) != nil
        if isFindable, text.drop(while: { $0 == 0x20 }).contains(0x20) { hasBlankInside = true }
        vocabulary.append(text, .normal, isFindable: isFindable)
    }

    private mutating func findPartialCharacters() {
        var found: Set<UInt32> = []
        for token in 0..<UInt32(vocabulary.count) where isFindable(token) {
            let text = String(decoding: vocabulary.bytes(of: token), as: UTF8.self)
            for scalar in text.unicodeScalars
            where vocabulary.find(Array(UTF8.encode(scalar) ?? .init())) == nil {
                found.insert(scalar.value)
            }
        }
        partialCharacters = found.sorted()
        // Without a token for the blank nothing separates the words.
        if vocabulary.find([0x20]) == nil { hasBlankInside = true }
    }

    private func isFindable(_ token: UInt32) -> Bool {
        vocabulary.kind(of: token) == .normal && vocabulary.find(vocabulary.bytes(of: token)) == token
    }

    /// Every way in which a token falls into two symbols.
    func merges(ranks: [UInt32]) -> MergeTable {
        var merges = MergeTable()
        for token in 0..<UInt32(vocabulary.count) where isFindable(token) {
            let text = vocabulary.bytes(of: token)
            for middle in text.indices.dropFirst() where text[middle] & 0xC0 != 0x80 {
                guard let left = symbol(text[..<middle]), let right = symbol(text[middle...]) else {
                    continue
                }
                merges.insert(left, right, .init(rank: ranks[Int(token)], token: token))
            }
        }
        return merges
    }

    private func symbol(_ text: ArraySlice<UInt8>) -> UInt32? {
        if let token = vocabulary.find(text) { return token }
        guard !partialCharacters.isEmpty, text.count <= 4 else { return nil }
        let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
        guard scalars.count == 1, let value = scalars.first?.value else { return nil }
        let index = partialCharacters.partitioningIndex { $0 >= value }
        guard index < partialCharacters.count, partialCharacters[index] == value else { return nil }
        return UInt32(vocabulary.count + index)
    }
}

extension [UInt32] {
    /// First index whose element fulfils the condition, which all behind it fulfil too.
    fileprivate func partitioningIndex(_ isBehind: (UInt32) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
