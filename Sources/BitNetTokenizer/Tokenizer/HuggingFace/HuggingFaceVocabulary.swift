// SPDX-License-Identifier: MIT

import BitNetFormats

/// Makes vocabulary and merges of a tokenizer.json.
struct HuggingFaceVocabulary {
    private(set) var vocabulary: Vocabulary
    private let file: TokenizerFile
    private let isByteLevel: Bool
    private let added: [ArraySlice<UInt8>: Int]
    /// The token of each byte to fall back to.
    private var byteTokens = [UInt32](repeating: MergeWorkspace.missing, count: 256)
    /// Whether a token has a blank behind something else.
    private var hasBlankInside = false
    /// Texts of control tokens, which no merge may arrive at.
    private var controls: Set<ArraySlice<UInt8>> = []

    /// - Throws: ``ModelFileError`` if added tokens contradict the vocabulary, or ask for what is not done here.
    init(_ file: TokenizerFile, isByteLevel: Bool) throws(ModelFileError) {
        self.file = file
        self.isByteLevel = isByteLevel
        var addedById: [Int: TokenizerFile.AddedToken] = [:]
        var added: [ArraySlice<UInt8>: Int] = [:]
        for token in file.added {
            try Self.check(token, in: file)
            addedById[token.id] = token
            if added.updateValue(token.id, forKey: token.text[...]) != nil {
                throw Self.repeated(token.text[...], "added_tokens", file)
            }
        }
        self.added = added
        let last = (0..<file.model.idCount).last { file.model.text(of: $0) != nil || addedById[$0] != nil }
        guard let last, file.model.hasVocabulary else {
            throw Self.malformed(file, "model.vocab", found: "no tokens", expected: "a token at least")
        }
        vocabulary = Vocabulary(capacity: last + 1)
        for id in 0...last {
            if let token = addedById[id] {
                try append(token)
            } else if let text = file.model.text(of: id) {
                try append(text)
            } else {
                // Rows of the embedding that nothing has a name for.
                vocabulary.append([], .unused, isFindable: false)
            }
        }
    }

    private static func check(
        _ token: TokenizerFile.AddedToken, in file: TokenizerFile
    ) throws(ModelFileError) {
        guard token.isSingleWord else { return }
        throw ModelFileError(
            .unsupportedTokenizer, file: file.path, subject: "added_tokens",
            found: "single_word of token \(token.id), “\(printable(token.text[...]))”",
            expected: "added tokens that match wherever they stand",
            remedy: "this kind of tokenizer is not supported; use a GGUF of the model")
    }

    private mutating func append(_ token: TokenizerFile.AddedToken) throws(ModelFileError) {
        let text = file.model.text(of: token.id)
        if let text, !text.elementsEqual(token.text) {
            throw Self.malformed(
                file, "added_tokens",
                found: "“\(Self.printable(token.text[...]))” for token \(token.id)",
                expected: "“\(Self.printable(text))”, its text in the vocabulary")
        }
        if token.isSpecial { controls.insert(token.text[...]) }
        let isUnknown = file.model.unknownToken == token.text
        let kind: Vocabulary.Kind = !token.isSpecial ? .userDefined : isUnknown ? .unknown : .control
        // Merging may arrive at a token of the vocabulary, but never at one with a meaning.
        vocabulary.append(token.text, kind, isFindable: text != nil && !token.isSpecial)
    }

    private mutating func append(_ text: ArraySlice<UInt8>) throws(ModelFileError) {
        if added[text] != nil { throw Self.repeated(text, "added_tokens", file) }
        if !isByteLevel, let byte = ByteToken.value(of: text) {
            byteTokens[Int(byte)] = UInt32(vocabulary.count)
            vocabulary.append(CollectionOfOne(byte), .byte, isFindable: false)
            return
        }
        var bytes: [UInt8] = []
        guard append(text, to: &bytes) else {
            vocabulary.append(text, .normal, isFindable: false)
            return
        }
        if vocabulary.append(bytes, .normal, isFindable: true) {
            throw Self.repeated(text, "model.vocab", file)
        }
        if bytes.drop(while: { $0 == 0x20 }).contains(0x20) { hasBlankInside = true }
    }

    // MARK: Merges and names

    func encoder(_ rules: TokenizerRules) throws(ModelFileError) -> PieceEncoder {
        let unknown = file.model.unknownToken.flatMap { find(named: $0) }
        let merges = try merges()
        if let preTokenizer = rules.preTokenizer {
            return PieceEncoder(
                vocabulary: vocabulary, merges: merges,
                symbols: SymbolTable(bytes: vocabulary, unknownToken: unknown),
                preTokenizer: preTokenizer, ignoresMerges: file.model.ignoresMerges)
        }
        // What can only happen inside a word may be done word by word.
        let isByWord =
            !hasBlankInside && !file.model.ignoresMerges && vocabulary.find([0x20]) != nil
            && !byteTokens.contains(MergeWorkspace.missing)
        return PieceEncoder(
            vocabulary: vocabulary, merges: merges,
            symbols: SymbolTable(
                characters: vocabulary, byteTokens: byteTokens, unknownToken: unknown,
                fusesUnknown: file.model.fusesUnknown),
            preTokenizer: isByWord ? .words : .whole, ignoresMerges: file.model.ignoresMerges)
    }

    /// Added tokens by their texts: those that are looked for before and those behind the normalizer, which changes
    /// their texts too.
    func matchers(_ form: TextForm) -> (special: SpecialTokenMatcher, inForm: SpecialTokenMatcher) {
        var special = SpecialTokenMatcher()
        var inForm = SpecialTokenMatcher()
        for token in file.added {
            var strip: SpecialTokenMatcher.Strip = []
            if token.stripsLeft { strip.insert(.left) }
            if token.stripsRight { strip.insert(.right) }
            if token.isNormalized, !file.normalizer.isEmpty {
                let text = token.text.withUnsafeBufferPointer { form.apply($0, isFirst: true) }
                inForm.insertIfText(text[...], token: UInt32(token.id), strip: strip)
            } else {
                special.insertIfText(token.text[...], token: UInt32(token.id), strip: strip)
            }
        }
        return (special, inForm)
    }

    private func merges() throws(ModelFileError) -> MergeTable {
        var merges = MergeTable(capacity: file.model.merges.count)
        var text: [UInt8] = []
        // Of equal pairs the last one counts, as in Hugging Face's library; the table keeps the first it is given.
        for (rank, merge) in file.model.merges.enumerated().reversed() {
            let (left, right) = file.model.tokens(of: merge)
            text.removeAll(keepingCapacity: true)
            let isRead = append(left, to: &text)
            let middle = text.count
            if isRead, append(right, to: &text), let left = vocabulary.find(text[..<middle]),
                let right = vocabulary.find(text[middle...]), let token = vocabulary.find(text)
            {
                merges.insert(left, right, .init(rank: UInt32(rank), token: token))
            } else if !isControl(left) && !isControl(right) && !isControl(left + right) {
                throw Self.malformed(
                    file, "model.merges",
                    found: "merge \(rank), of “\(Self.printable(left))” and “\(Self.printable(right))”",
                    expected: "tokens; the vocabulary lacks one of these or their union")
            }
        }
        return merges
    }

    /// Appends the bytes that a token's text stands for; `false` if no text of people can hold them.
    private func append(_ token: ArraySlice<UInt8>, to text: inout [UInt8]) -> Bool {
        if isByteLevel { return ByteAlphabet.decode(token, into: &text) }
        guard !token.contains(0x20), String(validating: token, as: UTF8.self) != nil else { return false }
        TextForm.unmark(token, into: &text)
        return true
    }

    private func isControl(_ text: ArraySlice<UInt8>) -> Bool { controls.contains(text) }

    /// The token of this name: an added one, or one of the vocabulary.
    func find(named name: [UInt8]) -> UInt32? {
        if let id = added[name[...]] { return UInt32(id) }
        var text: [UInt8] = []
        return append(name[...], to: &text) ? vocabulary.find(text) : nil
    }

    func token(_ id: Int, _ subject: String) throws(ModelFileError) -> UInt32 {
        guard (0..<vocabulary.count).contains(id) else {
            throw Self.malformed(file, subject, found: "token \(id)", expected: "0...\(vocabulary.count - 1)")
        }
        return UInt32(id)
    }

    private static func printable(_ text: ArraySlice<UInt8>) -> String {
        ModelFileError.printable(String(decoding: text, as: UTF8.self))
    }

    private static func repeated(
        _ text: ArraySlice<UInt8>, _ subject: String, _ file: TokenizerFile
    ) -> ModelFileError {
        malformed(file, subject, found: "“\(printable(text))” again", expected: "one id for each text")
    }

    private static func malformed(
        _ file: TokenizerFile, _ subject: String, found: String, expected: String
    ) -> ModelFileError {
        ModelFileError(
            .malformedTokenizer, file: file.path, subject: subject, found: found, expected: expected)
    }
}
