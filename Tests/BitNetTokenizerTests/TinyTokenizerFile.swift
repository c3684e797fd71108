// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer

/// A tokenizer.json over all bytes with a handful of merges, each member of which a test may replace.
struct TinyTokenizerFile {
    static let split =
        #"{"type":"Split","pattern":{"Regex":"\#(expression)"},"behavior":"Isolated","invert":false}"#
    static let expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"#
    static let byteLevel =
        #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}"#

    var vocabulary: String = {
        let tokens = TinyTokenizer.alphabet + TinyTokenizer.extra
        return tokens.enumerated().map { "\(quoted($1)):\($0)" }.joined(separator: ",")
    }()
    var merges = TinyTokenizer.merges.map(quoted).joined(separator: ",")
    var options = #""ignore_merges":true"#
    var type = "BPE"
    var added =
        #"{"id":264,"content":"<|eot_id|>","special":true},{"id":265,"content":"<|begin|>","special":true},"#
        + #"{"id":266,"content":"<user token>","special":false,"normalized":true}"#
    var normalizer = "null"
    var preTokenizer = #"{"type":"Sequence","pretokenizers":[\#(split),\#(byteLevel)]}"#
    var postProcessor = Self.template(#"{"SpecialToken":{"id":"<|begin|>","type_id":0}},"#)
    var configuration: String?

    /// The same with merges of characters, as Llama 2 has them.
    static var spaced: TinyTokenizerFile {
        var file = TinyTokenizerFile()
        let bytes = (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
        }
        let tokens = ["<unk>", "<s>", "</s>"] + bytes + ["▁", "a", "b", "ab", "▁a", "▁ab", "é"]
        file.vocabulary = tokens.enumerated().map { "\(quoted($1)):\($0)" }.joined(separator: ",")
        file.merges = #""a b","▁ ab","▁ a""#
        file.options = #""byte_fallback":true,"fuse_unk":true,"unk_token":"<unk>""#
        file.added = #"{"id":0,"content":"<unk>","special":true},{"id":1,"content":"<s>","special":true}"#
        file.normalizer =
            #"{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},"#
            + #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}"#
        file.preTokenizer = "null"
        file.postProcessor = "null"
        return file
    }

    static func template(_ before: String, _ after: String = "") -> String {
        #"{"type":"TemplateProcessing","single":[\#(before){"Sequence":{"id":"A","type_id":0}}\#(after)],"#
            + #""special_tokens":{"<|begin|>":{"id":"<|begin|>","ids":[265],"tokens":["<|begin|>"]}}}"#
    }

    static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    var text: String {
        """
        {"version":"1.0","truncation":null,"added_tokens":[\(added)],"normalizer":\(normalizer),
        "pre_tokenizer":\(preTokenizer),"post_processor":\(postProcessor),"decoder":{"type":"ByteLevel"},
        "model":{"type":"\(type)",\(options),"vocab":{\(vocabulary)},"merges":[\(merges)]}}
        """
    }

    func tokenizer(
        vocabularySize: Int = 300, beginningToken: Int? = nil, endTokens: [Int] = [], named: String? = nil
    ) throws(ModelFileError) -> Tokenizer {
        try Self.read(
            Array(text.utf8), configuration: configuration.map { Array($0.utf8) },
            vocabularySize: vocabularySize, beginningToken: beginningToken, endTokens: endTokens,
            preTokenizer: named)
    }

    static func read(
        _ bytes: [UInt8], configuration: [UInt8]? = nil, vocabularySize: Int = 300,
        beginningToken: Int? = nil, endTokens: [Int] = [], preTokenizer: String? = nil
    ) throws(ModelFileError) -> Tokenizer {
        // withUnsafeBytes does not say which error its body throws.
        let result = bytes.withUnsafeBytes { bytes in
            (configuration ?? []).withUnsafeBytes { other in
                Result { () throws(ModelFileError) in
                    try HuggingFaceTokenizer.read(
                        tokenizer: bytes, file: "tokenizer.json",
                        configuration: configuration == nil ? nil : (other, "tokenizer_config.json"),
                        vocabularySize: vocabularySize, beginningToken: beginningToken,
                        endTokens: endTokens, preTokenizer: preTokenizer)
                }
            }
        }
        return try result.get()
    }
}
