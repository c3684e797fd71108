// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

extension HuggingFaceDirectory {
    /// The tokenizer of tokenizer.json and tokenizer_config.json.
    func readTokenizer(vocabularySize: Int, preTokenizer: String?) throws(ModelFileError) -> Tokenizer {
        guard let tokenizer else {
            throw ModelFileError(
                .missingFile, file: "\(path)/tokenizer.json", found: "no such file",
                expected: "the model's tokenizer",
                remedy: "download it too; for a model that has only tokenizer.model, load that with "
                    + "Transformers' fast tokenizer and save it, which writes tokenizer.json")
        }
        return try tokenizer.withBytes { bytes throws(ModelFileError) in
            guard let other = tokenizerConfiguration else {
                return try read(tokenizer.path, bytes, nil, vocabularySize, preTokenizer)
            }
            return try other.withBytes { otherBytes throws(ModelFileError) in
                try read(tokenizer.path, bytes, (otherBytes, other.path), vocabularySize, preTokenizer)
            }
        }
    }

    private func read(
        _ file: String, _ bytes: UnsafeRawBufferPointer,
        _ other: (bytes: UnsafeRawBufferPointer, file: String)?, _ vocabularySize: Int,
        _ preTokenizer: String?
    ) throws(ModelFileError) -> Tokenizer {
        try HuggingFaceTokenizer.read(
            tokenizer: bytes, file: file, configuration: other, vocabularySize: vocabularySize,
            beginningToken: beginningToken, endTokens: endTokens, preTokenizer: preTokenizer)
    }
}
