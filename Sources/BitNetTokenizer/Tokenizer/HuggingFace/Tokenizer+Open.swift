// SPDX-License-Identifier: MIT

import BitNetCore
package import BitNetFormats

extension Tokenizer {
    /// Opens a tokenizer without its model's weights.
    ///
    /// - Parameter path: a GGUF file, which may hold a vocabulary alone, a Hugging Face directory or a
    ///   tokenizer.json.
    /// - Throws: ``FileError`` or ``ModelFileError``.
    package static func open(path: String, options: ModelOptions = .init()) throws -> Tokenizer {
        if FileSystem.isDirectory(path) { return try ModelFile(path: path, options: options).tokenizer() }
        let file = try MappedFile(path: path)
        if file.withBytes({ $0.first { $0 > 0x20 } == UInt8(ascii: "{") }) {
            return try file.withBytes { bytes throws(ModelFileError) in
                try HuggingFaceTokenizer.read(
                    tokenizer: bytes, file: path, configuration: nil, vocabularySize: Limits.vocabularyMax,
                    beginningToken: nil, endTokens: [], preTokenizer: options.preTokenizer)
            }
        }
        let gguf = try GGUFFile(path: path)
        let embedding = gguf.tensors.first { $0.name == "token_embd.weight" }
        return try TokenizerMetadata(
            gguf, vocabularySize: embedding?.rows ?? Limits.vocabularyMax, preTokenizer: options.preTokenizer
        ).tokenizer()
    }
}
