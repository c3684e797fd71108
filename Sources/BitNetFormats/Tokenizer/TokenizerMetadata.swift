// SPDX-License-Identifier: MIT

import BitNetCore

/// Reads a tokenizer from a GGUF's metadata.
struct TokenizerMetadata {
    private let gguf: GGUFFile
    private let tokenCount: Int
    private let tokenRanges: [Range<Int>]

    private static let tokensKey = "tokenizer.ggml.tokens"
    private static let preKey = "tokenizer.ggml.pre"

    /// Pre-tokenizer names that all mean the Llama-3 rules.
    private static let llama3Names: Set<String> = [
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon_e", "falcon-e", "falcon-h1",
    ]

    /// Texts of tokens that end a generation whether or not the file lists them.
    private static let stopTexts = [
        "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|im_end|>", "<|end|>",
        "<end_of_turn>", "<EOT>", "_<EOT>",
    ]

    /// Checks kind and size; `vocabularySize` are the embedding's rows, there may be fewer tokens.
    init(_ gguf: GGUFFile, vocabularySize: Int) throws(ModelFileError) {
        self.gguf = gguf
        let model = try gguf.text("tokenizer.ggml.model")
        guard model == "gpt2" else {
            throw ModelFileError(
                .unsupportedTokenizer, file: gguf.path, subject: "tokenizer.ggml.model",
                found: model.map(ModelFileError.printable) ?? "no such key",
                expected: "gpt2 (byte-level BPE)",
                remedy: "models with this tokenizer are not supported yet")
        }
        guard let ranges = try gguf.strings(Self.tokensKey), !ranges.isEmpty, ranges.count <= vocabularySize
        else {
            throw ModelFileError(
                .malformedTokenizer, file: gguf.path, subject: Self.tokensKey,
                found: "\(try gguf.strings(Self.tokensKey)?.count ?? 0) tokens",
                expected: "1...\(vocabularySize), the rows of the embedding")
        }
        tokenRanges = ranges
        tokenCount = ranges.count
    }

    /// What to tell a person before anything is tokenised.
    static func warnings(_ gguf: GGUFFile) -> [String] {
        gguf.metadata[preKey] == nil && gguf.metadata[tokensKey] != nil
            ? ["the file does not name its pre-tokenizer; Llama-3's rules are used if the vocabulary is its"]
            : []
    }

    func tokenizer() throws(ModelFileError) -> Tokenizer {
        try checkPreTokenizer()
        let vocabulary = try vocabulary()
        let encoder = BytePairEncoder(
            vocabulary: vocabulary, merges: try merges(vocabulary), ignoresMerges: true,
            unknownToken: try specialToken("unknown_token_id"))
        return Tokenizer(
            vocabulary: vocabulary, encoder: encoder, beginningToken: try specialToken("bos_token_id"),
            addsBeginning: try gguf.flag("tokenizer.ggml.add_bos_token") ?? true,
            stopTokens: try stopTokens(vocabulary))
    }

    /// Other pre-tokenizers would go here; a wrong one silently lowers a model's quality, so unknown names
    /// are refused.
    private func checkPreTokenizer() throws(ModelFileError) {
        let name = try gguf.text(Self.preKey)
        if let name, Self.llama3Names.contains(name) { return }
        // Microsoft's own file names none; this is Llama-3's vocabulary.
        if name == nil, tokenCount == 128_256, try specialToken("bos_token_id") == 128_000 { return }
        throw ModelFileError(
            .unsupportedTokenizer, file: gguf.path, subject: Self.preKey,
            found: name.map(ModelFileError.printable) ?? "no such key",
            expected: Self.llama3Names.sorted().joined(separator: ", "),
            remedy: "models with this pre-tokenizer are not supported yet")
    }

    private func vocabulary() throws(ModelFileError) -> Vocabulary {
        let kinds = try kinds()
        var vocabulary = Vocabulary(capacity: tokenCount)
        var text: [UInt8] = []
        for (range, kind) in zip(tokenRanges, kinds) {
            text.removeAll(keepingCapacity: true)
            // Only these are written in the byte alphabet; others stand as they are, and merging must never
            // arrive at one.
            let isEncoded = kind == .normal || kind == .byte || kind == .unused
            if isEncoded, ByteAlphabet.decode(gguf.bytes[range], into: &text) {
                vocabulary.append(text, kind, isFindable: true)
            } else {
                vocabulary.append(gguf.bytes[range], kind, isFindable: false)
            }
        }
        return vocabulary
    }

    private func kinds() throws(ModelFileError) -> [Vocabulary.Kind] {
        let key = "tokenizer.ggml.token_type"
        guard let values = try gguf.integers(key) else {
            return [Vocabulary.Kind](repeating: .normal, count: tokenCount)
        }
        var kinds: [Vocabulary.Kind] = []
        for value in values {
            guard let kind = UInt8(exactly: value == 0 ? 1 : value).flatMap(Vocabulary.Kind.init) else {
                throw malformed(key, found: "token type \(value)", expected: "0...6")
            }
            kinds.append(kind)
        }
        guard kinds.count == tokenCount else {
            throw malformed(key, found: "\(kinds.count) token types", expected: "\(tokenCount), one a token")
        }
        return kinds
    }

    private func merges(_ vocabulary: Vocabulary) throws(ModelFileError) -> [UInt64: BytePairEncoder.Merge] {
        let key = "tokenizer.ggml.merges"
        guard let ranges = try gguf.strings(key) else {
            throw malformed(key, found: "no such key", expected: "the merges of byte-level BPE")
        }
        guard ranges.count < UInt32.max else {
            throw malformed(key, found: "\(ranges.count) merges", expected: "fewer than \(UInt32.max)")
        }
        var merges: [UInt64: BytePairEncoder.Merge] = [:]
        merges.reserveCapacity(ranges.count)  // bounded: every merge takes eight bytes of the file
        var text: [UInt8] = []
        for (rank, range) in ranges.enumerated() {
            let bytes = gguf.bytes[range]
            // The first character may itself be a space in a careless file, so the separator is behind it.
            guard let space = bytes.dropFirst().firstIndex(of: UInt8(ascii: " ")) else {
                throw malformed(key, found: "merge \(rank) without a space", expected: "two tokens")
            }
            text.removeAll(keepingCapacity: true)
            guard ByteAlphabet.decode(bytes[..<space], into: &text) else { continue }
            let middle = text.count
            guard ByteAlphabet.decode(bytes[(space + 1)...], into: &text) else { continue }
            // A merge between or into tokens that the vocabulary lacks can never take part.
            guard let left = vocabulary.find(text[..<middle]), let right = vocabulary.find(text[middle...]),
                let token = vocabulary.find(text[...])
            else { continue }
            let pair = BytePairEncoder.key(left, right)
            if merges[pair] == nil { merges[pair] = .init(rank: UInt32(rank), token: token) }
        }
        return merges
    }

    private func specialToken(_ name: String) throws(ModelFileError) -> UInt32? {
        let key = "tokenizer.ggml." + name
        guard let value = try gguf.integer(key) else { return nil }
        guard (0..<tokenCount).contains(value) else {
            throw malformed(key, found: "token \(value)", expected: "0...\(tokenCount - 1)")
        }
        return UInt32(value)
    }

    private func stopTokens(_ vocabulary: Vocabulary) throws(ModelFileError) -> Set<UInt32> {
        var stops: Set<UInt32> = []
        for name in ["eos_token_id", "eot_token_id", "eom_token_id"] {
            if let token = try specialToken(name) { stops.insert(token) }
        }
        let texts = Set(Self.stopTexts.map { Array($0.utf8)[...] })
        for token in 0..<UInt32(vocabulary.count) where texts.contains(vocabulary.bytes(of: token)) {
            stops.insert(token)
        }
        return stops
    }

    private func malformed(_ key: String, found: String, expected: String) -> ModelFileError {
        ModelFileError(.malformedTokenizer, file: gguf.path, subject: key, found: found, expected: expected)
    }
}
