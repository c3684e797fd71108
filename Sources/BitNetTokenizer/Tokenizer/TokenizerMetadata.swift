// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// Reads a tokenizer from a GGUF's metadata.
struct TokenizerMetadata {
    let gguf: GGUFFile
    let tokenCount: Int
    let tokenRanges: [Range<Int>]
    private let model: Model
    /// A name that a person gave in place of the file's.
    private let preTokenizerName: String?

    /// `tokenizer.ggml.model`.
    private enum Model: String {
        /// Byte-level BPE.
        case gpt2
        /// SentencePiece.
        case llama
    }

    /// Checks kind and size; `vocabularySize` are the embedding's rows, there may be fewer tokens.
    init(_ gguf: GGUFFile, vocabularySize: Int, preTokenizer: String? = nil) throws(ModelFileError) {
        self.gguf = gguf
        preTokenizerName = preTokenizer
        let name = try gguf.text(GGUFFile.tokenizerModelKey)
        guard let model = name.flatMap(Model.init) else {
            throw ModelFileError(
                .unsupportedTokenizer, file: gguf.path, subject: GGUFFile.tokenizerModelKey,
                found: name.map(ModelFileError.printable) ?? "no such key",
                expected: "gpt2 (byte-level BPE) or llama (SentencePiece)",
                remedy: "models with this tokenizer are not supported yet")
        }
        self.model = model
        guard let ranges = try gguf.strings(GGUFFile.tokensKey), !ranges.isEmpty,
            ranges.count <= vocabularySize
        else {
            throw ModelFileError(
                .malformedTokenizer, file: gguf.path, subject: GGUFFile.tokensKey,
                found: "\(try gguf.strings(GGUFFile.tokensKey)?.count ?? 0) tokens",
                expected: "1...\(vocabularySize), the rows of the embedding")
        }
        tokenRanges = ranges
        tokenCount = ranges.count
    }

    func tokenizer() throws(ModelFileError) -> Tokenizer {
        switch model {
        case .gpt2: try bytePairTokenizer()
        case .llama: try sentencePieceTokenizer()
        }
    }

    private func bytePairTokenizer() throws(ModelFileError) -> Tokenizer {
        let preTokenizer = try preTokenizer()
        let vocabulary = try vocabulary()
        let encoder = PieceEncoder(
            vocabulary: vocabulary, merges: try merges(vocabulary),
            symbols: SymbolTable(bytes: vocabulary, unknownToken: try specialToken("unknown_token_id")),
            preTokenizer: preTokenizer, ignoresMerges: preTokenizer == .llama3)
        let addsBeginning = preTokenizer == .llama3 || gguf.hasLlama3Vocabulary
        return Tokenizer(
            encoder: encoder, form: .plain, special: SpecialTokenMatcher(vocabulary),
            beginningToken: try specialToken("bos_token_id"),
            addsBeginning: try gguf.flag("tokenizer.ggml.add_bos_token") ?? addsBeginning,
            stopTokens: try stopTokens(vocabulary), templateNames: try templateNames(vocabulary))
    }

    /// Tokens by the names that chat templates have for them.
    func templateNames(_ vocabulary: Vocabulary) throws(ModelFileError) -> [String: String] {
        var names: [String: String] = [:]
        for (name, key) in [
            ("bos_token", "bos_token_id"), ("eos_token", "eos_token_id"), ("unk_token", "unknown_token_id"),
            ("pad_token", "padding_token_id"), ("sep_token", "seperator_token_id"),
        ] {
            guard let token = try specialToken(key) else { continue }
            names[name] = String(decoding: vocabulary.bytes(of: token), as: UTF8.self)
        }
        return names
    }

    /// A wrong one silently lowers a model's quality, so unknown names are refused.
    private func preTokenizer() throws(ModelFileError) -> PreTokenizer {
        let fileName = try gguf.text(GGUFFile.preTokenizerKey)
        guard let name = preTokenizerName ?? fileName else {
            return gguf.hasLlama3Vocabulary ? .llama3 : .fourPasses
        }
        guard let found = PreTokenizer(name: name) else {
            throw ModelFileError(
                .unsupportedTokenizer, file: gguf.path, subject: GGUFFile.preTokenizerKey,
                found: ModelFileError.printable(name), expected: PreTokenizer.knownNames,
                remedy: preTokenizerName == nil
                    ? "models with this pre-tokenizer are not supported yet" : "ask for one of these")
        }
        return found
    }

    private func vocabulary() throws(ModelFileError) -> Vocabulary {
        let kinds = try kinds() ?? [Vocabulary.Kind](repeating: .normal, count: tokenCount)
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

    func kinds() throws(ModelFileError) -> [Vocabulary.Kind]? {
        let key = "tokenizer.ggml.token_type"
        guard let values = try gguf.integers(key) else { return nil }
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

    private func merges(_ vocabulary: Vocabulary) throws(ModelFileError) -> MergeTable {
        let key = "tokenizer.ggml.merges"
        guard let ranges = try gguf.strings(key) else {
            throw malformed(key, found: "no such key", expected: "the merges of byte-level BPE")
        }
        guard ranges.count <= Limits.tokenizerMergesMax else {
            throw malformed(
                key, found: "\(ranges.count) merges", expected: "at most \(Limits.tokenizerMergesMax)")
        }
        var merges = MergeTable(capacity: ranges.count)
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
                let token = vocabulary.find(text)
            else { continue }
            merges.insert(left, right, .init(rank: UInt32(rank), token: token))
        }
        return merges
    }

    func specialToken(_ name: String) throws(ModelFileError) -> UInt32? {
        let key = "tokenizer.ggml." + name
        guard let value = try gguf.integer(key) else { return nil }
        guard (0..<tokenCount).contains(value) else {
            throw malformed(key, found: "token \(value)", expected: "0...\(tokenCount - 1)")
        }
        return UInt32(value)
    }

    func stopTokens(_ vocabulary: Vocabulary) throws(ModelFileError) -> Set<UInt32> {
        var stops = StopTexts.tokens(in: vocabulary)
        for name in ["eos_token_id", "eot_token_id", "eom_token_id"] {
            if let token = try specialToken(name) { stops.insert(token) }
        }
        return stops
    }

    func malformed(_ key: String, found: String, expected: String) -> ModelFileError {
        ModelFileError(.malformedTokenizer, file: gguf.path, subject: key, found: found, expected: expected)
    }
}

/// Texts of tokens that end a generation whether or not the file lists them.
enum StopTexts {
    private static let texts = Set(
        [
            "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|im_end|>", "<|end|>",
            "<end_of_turn>", "<EOT>", "_<EOT>",
        ].map { Array($0.utf8)[...] })
    private static let bytesMax = 24

    static func tokens(in vocabulary: Vocabulary) -> Set<UInt32> {
        var stops: Set<UInt32> = []
        for token in 0..<UInt32(vocabulary.count) {
            let text = vocabulary.bytes(of: token)
            if text.count <= bytesMax, texts.contains(text) { stops.insert(token) }
        }
        return stops
    }
}
