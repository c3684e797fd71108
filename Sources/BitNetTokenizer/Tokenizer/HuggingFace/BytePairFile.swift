// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// The member `model` of a tokenizer.json: vocabulary and merges of byte-pair encoding, as they are written.
struct BytePairFile {
    /// Two tokens next to each other in ``texts``.
    struct Merge {
        var start: UInt32
        var middle: UInt32
        var end: UInt32
    }

    private(set) var type: String?
    private(set) var unknownToken: [UInt8]?
    private(set) var fusesUnknown = false
    private(set) var fallsBackToBytes = false
    private(set) var ignoresMerges = false
    /// Members that change what merging does, which no known model has.
    private(set) var unsupported: String?
    private(set) var merges: [Merge] = []
    private(set) var hasVocabulary = false
    /// Where each id's text lies in ``texts``; `nil` for an id that no token has.
    private var ranges: [Range<UInt32>?]
    /// One block: a vocabulary of a quarter million tokens makes no small objects.
    private(set) var texts: [UInt8] = []

    init(vocabularySize: Int) {
        ranges = [Range<UInt32>?](repeating: nil, count: vocabularySize)
    }

    /// Ids that a token may have.
    var idCount: Int { ranges.count }

    func text(of id: Int) -> ArraySlice<UInt8>? {
        ranges[id].map { texts[Int($0.lowerBound)..<Int($0.upperBound)] }
    }

    func tokens(of merge: Merge) -> (left: ArraySlice<UInt8>, right: ArraySlice<UInt8>) {
        (texts[Int(merge.start)..<Int(merge.middle)], texts[Int(merge.middle)..<Int(merge.end)])
    }

    mutating func read(_ json: inout ModelJSONReader) throws(ModelFileError) {
        try json.readObject { json, key throws(ModelFileError) in
            if try json.readNull() { return }
            switch key {
            case "type": type = try json.readText()
            case "unk_token": unknownToken = try json.readStringBytes()
            case "fuse_unk": fusesUnknown = try json.readBool()
            case "byte_fallback": fallsBackToBytes = try json.readBool()
            case "ignore_merges": ignoresMerges = try json.readBool()
            case "continuing_subword_prefix", "end_of_word_suffix":
                if try !json.readStringBytes().isEmpty { unsupported = key }
            case "dropout":
                if try json.readDouble() != 0 { unsupported = key }
            // Other kinds of model have a vocabulary of another form; their type says more than that.
            case "vocab" where try json.peek() == .object: try readVocabulary(&json)
            case "merges": try readMerges(&json)
            default: try json.skip()
            }
        }
    }

    private mutating func readVocabulary(_ json: inout ModelJSONReader) throws(ModelFileError) {
        guard !hasVocabulary else { throw json.unexpected("one vocabulary") }
        hasVocabulary = true
        try json.readEntries { json, text throws(ModelFileError) in
            let id = try json.readInteger()
            guard ranges.indices.contains(id) else {
                throw json.found(
                    "token id \(id)", expected: "0...\(ranges.count - 1), the rows of the embedding")
            }
            guard ranges[id] == nil else {
                throw json.found("token id \(id) again", expected: "an id of its own for each token")
            }
            let start = UInt32(texts.count)
            ranges[id] = start..<UInt32(try append(text, json))
        }
    }

    private mutating func readMerges(_ json: inout ModelJSONReader) throws(ModelFileError) {
        guard merges.isEmpty else { throw json.unexpected("one list of merges") }
        try json.readArray { json throws(ModelFileError) in
            guard merges.count < Limits.tokenizerMergesMax else {
                throw json.unexpected("at most \(Limits.tokenizerMergesMax) merges")
            }
            guard try json.peek() == .array else {
                let text = try json.readStringBytes()
                guard let space = text.dropFirst().firstIndex(of: UInt8(ascii: " ")),
                    !text[(space + 1)...].contains(UInt8(ascii: " "))
                else { throw json.unexpected("two tokens with a space between them, before this") }
                return try appendMerge(text[..<space], text[(space + 1)...], json)
            }
            var pair: [[UInt8]] = []
            try json.readArray { json throws(ModelFileError) in
                guard pair.count < 2 else { throw json.unexpected("two tokens") }
                pair.append(try json.readStringBytes())
            }
            guard pair.count == 2 else { throw json.unexpected("two tokens, before this") }
            try appendMerge(pair[0][...], pair[1][...], json)
        }
    }

    private mutating func appendMerge(
        _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>, _ json: ModelJSONReader
    ) throws(ModelFileError) {
        guard !left.isEmpty, !right.isEmpty else { throw json.unexpected("two tokens, before this") }
        let start = UInt32(texts.count)
        let middle = UInt32(try append(left, json))
        merges.append(Merge(start: start, middle: middle, end: UInt32(try append(right, json))))
    }

    /// Escapes only ever shorten a text, so the file's bound is also this block's.
    private mutating func append(
        _ text: some Collection<UInt8>, _ json: ModelJSONReader
    ) throws(ModelFileError) -> Int {
        guard texts.count + text.count <= Limits.tokenizerFileBytesMax else {
            throw json.unexpected("texts of at most \(Limits.tokenizerFileBytesMax) bytes")
        }
        texts.append(contentsOf: text)
        return texts.count
    }
}

extension ModelJSONReader {
    /// An error about the value that ends here.
    func found(_ found: String, expected: String) -> ModelFileError {
        ModelFileError(.malformedTokenizer, file: file, offset: fileOffset, found: found, expected: expected)
    }
}
