// SPDX-License-Identifier: MIT

import BitNetCore
package import BitNetFormats

/// Reads the tokenizer of a Hugging Face directory.
package enum HuggingFaceTokenizer {
    /// Reads a tokenizer.json and, if there is one, the tokenizer_config.json beside it.
    ///
    /// - Parameters:
    ///   - vocabularySize: rows of the embedding; ids are below it, and not every one must have a token.
    ///   - beginningToken: what the model's configuration says, for a tokenizer that says nothing.
    ///   - endTokens: tokens that end a generation besides those that the tokenizer names.
    ///   - preTokenizer: rules by GGUF name, in place of the file's expressions.
    /// - Throws: ``ModelFileError`` naming the component or the byte.
    package static func read(
        tokenizer: UnsafeRawBufferPointer, file: String,
        configuration: (bytes: UnsafeRawBufferPointer, file: String)?, vocabularySize: Int,
        beginningToken: Int?, endTokens: [Int], preTokenizer: String?
    ) throws(ModelFileError) -> Tokenizer {
        let file = try TokenizerFile(tokenizer, file: file, vocabularySize: vocabularySize)
        try check(file)
        let rules = try TokenizerRules(file, preTokenizer: preTokenizer)
        var names = TokenizerConfiguration()
        if let configuration {
            names = try TokenizerConfiguration(configuration.bytes, file: configuration.file)
        }
        let tokens = try HuggingFaceVocabulary(file, isByteLevel: rules.preTokenizer != nil)
        var stops = StopTexts.tokens(in: tokens.vocabulary)
        for token in endTokens {
            stops.insert(try tokens.token(token, "eos_token_id"))
        }
        if let token = names.endToken.flatMap({ tokens.find(named: $0) }) { stops.insert(token) }
        var beginning = names.beginningToken.flatMap { tokens.find(named: $0) }
        if let token = rules.beginning ?? (beginning == nil ? beginningToken : nil) {
            beginning = try tokens.token(token, "the token before a text")
        }
        let (special, inForm) = tokens.matchers(rules.form)
        return Tokenizer(
            encoder: try tokens.encoder(rules), form: rules.form, special: special, specialInForm: inForm,
            beginningToken: beginning, addsBeginning: names.addsBeginning ?? (rules.beginning != nil),
            stopTokens: stops,
            templateNames: names.namedTokens.mapValues { String(decoding: $0, as: UTF8.self) })
    }

    private static func check(_ file: TokenizerFile) throws(ModelFileError) {
        guard file.model.type ?? "BPE" == "BPE" else {
            throw ModelFileError(
                .unsupportedTokenizer, file: file.path, subject: "model.type",
                found: ModelFileError.printable(file.model.type ?? ""), expected: "BPE",
                remedy: "this kind of tokenizer is not supported; use a GGUF of the model")
        }
        if let member = file.model.unsupported {
            throw ModelFileError(
                .unsupportedTokenizer, file: file.path, subject: "model.\(member)", found: "a value",
                expected: "none", remedy: "this kind of tokenizer is not supported; use a GGUF of the model")
        }
    }
}
