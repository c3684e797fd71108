// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// A tokenizer.json as it is written.
struct TokenizerFile {
    /// A token that is looked for in the text itself.
    struct AddedToken {
        var id: Int
        var text: [UInt8]
        var isSpecial = false
        var isSingleWord = false
        var stripsLeft = false
        var stripsRight = false
        /// Whether it is looked for behind the normalizer.
        var isNormalized = false
    }

    let path: String
    private(set) var model: BytePairFile
    private(set) var added: [AddedToken] = []
    private(set) var normalizer: [TokenizerComponent] = []
    private(set) var preTokenizer: [TokenizerComponent] = []
    private(set) var postProcessor: [TokenizerComponent] = []

    /// - Throws: ``ModelFileError`` unless the bytes are JSON of the right form, with ids below
    ///   `vocabularySize`.
    init(_ bytes: UnsafeRawBufferPointer, file: String, vocabularySize: Int) throws(ModelFileError) {
        guard bytes.count <= Limits.tokenizerFileBytesMax else {
            throw ModelFileError(
                .limitExceeded, file: file, found: "\(bytes.count) bytes",
                expected: "at most \(Limits.tokenizerFileBytesMax)")
        }
        path = file
        model = BytePairFile(vocabularySize: min(max(vocabularySize, 0), Limits.vocabularyMax))
        var json = ModelJSONReader(bytes, file: file)
        try json.readObject { json, key throws(ModelFileError) in
            switch key {
            case "model": try model.read(&json)
            case "added_tokens":
                if try !json.readNull() { try readAddedTokens(&json) }
            case "normalizer": normalizer = try TokenizerComponent(&json).steps("normalizers")
            case "pre_tokenizer": preTokenizer = try TokenizerComponent(&json).steps("pretokenizers")
            case "post_processor": postProcessor = try TokenizerComponent(&json).steps("processors")
            default: try json.skip()
            }
        }
        try json.finish()
    }

    private mutating func readAddedTokens(_ json: inout ModelJSONReader) throws(ModelFileError) {
        guard added.isEmpty else { throw json.unexpected("one list of added tokens") }
        var ids: Set<Int> = []
        try json.readArray { json throws(ModelFileError) in
            let token = try Self.addedToken(&json)
            guard (0..<model.idCount).contains(token.id) else {
                throw json.found(
                    "token id \(token.id)", expected: "0...\(model.idCount - 1), the rows of the embedding")
            }
            guard ids.insert(token.id).inserted else {
                throw json.found("token id \(token.id) again", expected: "each added token once")
            }
            added.append(token)
        }
    }

    private static func addedToken(_ json: inout ModelJSONReader) throws(ModelFileError) -> AddedToken {
        var token = AddedToken(id: -1, text: [])
        try json.readObject { json, key throws(ModelFileError) in
            switch key {
            case "id": token.id = try json.readInteger()
            case "content": token.text = try json.readStringBytes()
            case "special": token.isSpecial = try json.readBool()
            case "single_word": token.isSingleWord = try json.readBool()
            case "lstrip": token.stripsLeft = try json.readBool()
            case "rstrip": token.stripsRight = try json.readBool()
            case "normalized": token.isNormalized = try json.readBool()
            default: try json.skip()
            }
        }
        guard token.id >= 0, !token.text.isEmpty else {
            throw json.found("an added token without id or content", expected: "both")
        }
        return token
    }
}
