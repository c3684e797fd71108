// SPDX-License-Identifier: MIT

/// What a file says of its tokenizer before anybody reads it.
extension GGUFFile {
    /// `gpt2` is byte-level BPE, `llama` SentencePiece.
    package static let tokenizerModelKey = "tokenizer.ggml.model"
    package static let tokensKey = "tokenizer.ggml.tokens"
    package static let preTokenizerKey = "tokenizer.ggml.pre"

    /// Whether the vocabulary is Llama-3's: Microsoft's own file does not say so.
    package var hasLlama3Vocabulary: Bool {
        guard case .array(let tokens) = metadata[Self.tokensKey], tokens.count == 128_256 else {
            return false
        }
        return (try? integer("tokenizer.ggml.bos_token_id")) == 128_000
    }

    /// What to tell a person before anything is tokenised.
    var vocabularyWarnings: [String] {
        guard metadata[Self.preTokenizerKey] == nil, metadata[Self.tokensKey] != nil,
            (try? text(Self.tokenizerModelKey)) == "gpt2"
        else { return [] }
        return [
            "the file does not name its pre-tokenizer; "
                + (hasLlama3Vocabulary
                    ? "Llama-3's rules are used, for the vocabulary is Llama-3's" : "“default” is used")
        ]
    }
}
