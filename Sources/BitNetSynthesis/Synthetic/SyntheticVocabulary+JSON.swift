// SPDX-License-Identifier: MIT

import BitNetCore

extension SyntheticVocabulary {
    /// The vocabulary as Hugging Face's `tokenizers` write one of Llama 3 or of Qwen 3.
    var tokenizerJSON: JSONValue {
        .object([
            ("version", .text("1.0")), ("truncation", .null), ("padding", .null),
            ("added_tokens", .list(specials.enumerated().map(addedToken))),
            ("normalizer", isChatML ? .object([("type", .text("NFC"))]) : .null),
            ("pre_tokenizer", preTokenizer),
            ("post_processor", isChatML ? Self.byteLevel(usesRegex: false) : postProcessor),
            ("decoder", Self.byteLevel(usesRegex: true)), ("model", model),
        ])
    }

    var tokenizerConfig: JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("tokenizer_class", .text("PreTrainedTokenizerFast")), ("bos_token", .text(beginningText)),
            ("eos_token", .text(endText)), ("clean_up_tokenization_spaces", .flag(false)),
        ]
        if isChatML { members.append(("add_bos_token", .flag(false))) }
        if let template = names.chatTemplate { members.append(("chat_template", .text(template))) }
        return .object(members)
    }

    private var isChatML: Bool { names == .chatML }

    private func addedToken(_ index: Int, _ text: String) -> JSONValue {
        .object([
            ("id", .integer(firstSpecial + index)), ("content", .text(text)), ("single_word", .flag(false)),
            ("lstrip", .flag(false)), ("rstrip", .flag(false)), ("normalized", .flag(false)),
            ("special", .flag(true)),
        ])
    }

    private var model: JSONValue {
        .object([
            ("type", .text("BPE")), ("dropout", .null), ("unk_token", .null),
            ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null), ("fuse_unk", .flag(false)),
            ("byte_fallback", .flag(false)), ("ignore_merges", .flag(!isChatML)),
            ("vocab", .object(texts.enumerated().map { ($1, .integer($0)) })),
            ("merges", .list(merges.map { .list([.text($0.left), .text($0.right)]) })),
        ])
    }

    /// Llama 3's rules, or Qwen's, by which every digit stands alone.
    private var preTokenizer: JSONValue {
        let pattern =
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
            + (isChatML ? #"\p{N}"# : #"\p{N}{1,3}"#)
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        let split = JSONValue.object([
            ("type", .text("Split")), ("pattern", .object([("Regex", .text(pattern))])),
            ("behavior", .text("Isolated")), ("invert", .flag(false)),
        ])
        return .object([
            ("type", .text("Sequence")), ("pretokenizers", .list([split, Self.byteLevel(usesRegex: false)])),
        ])
    }

    private static func byteLevel(usesRegex: Bool) -> JSONValue {
        .object([
            ("type", .text("ByteLevel")), ("add_prefix_space", .flag(false)), ("trim_offsets", .flag(true)),
            ("use_regex", .flag(usesRegex)),
        ])
    }

    /// The token of the beginning before every text.
    private var postProcessor: JSONValue {
        func special(_ type: Int) -> JSONValue {
            .object([("SpecialToken", .object([("id", .text(beginningText)), ("type_id", .integer(type))]))])
        }
        func sequence(_ name: String, _ type: Int) -> JSONValue {
            .object([("Sequence", .object([("id", .text(name)), ("type_id", .integer(type))]))])
        }
        return .object([
            ("type", .text("TemplateProcessing")), ("single", .list([special(0), sequence("A", 0)])),
            ("pair", .list([special(0), sequence("A", 0), special(1), sequence("B", 1)])),
            (
                "special_tokens",
                .object([
                    (
                        beginningText,
                        .object([
                            ("id", .text(beginningText)), ("ids", .list([.integer(beginning)])),
                            ("tokens", .list([.text(beginningText)])),
                        ])
                    )
                ])
            ),
        ])
    }
}
