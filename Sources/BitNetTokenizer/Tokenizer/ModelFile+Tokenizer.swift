// SPDX-License-Identifier: MIT

import BitNetCore
package import BitNetFormats

extension ModelFile {
    /// The model's tokenizer.
    ///
    /// - Throws: ``ModelFileError`` if it is damaged or of a kind that is not supported.
    package func tokenizer() throws(ModelFileError) -> Tokenizer {
        switch tokenizerSource {
        case .gguf(let gguf):
            try TokenizerMetadata(
                gguf, vocabularySize: description.vocabularySize, preTokenizer: options.preTokenizer
            ).tokenizer()
        case .huggingFace(let directory):
            try directory.readTokenizer(
                vocabularySize: description.vocabularySize, preTokenizer: options.preTokenizer)
        }
    }
}
