// SPDX-License-Identifier: MIT
import BitNetFormats
import BitNetTokenizer

/// Opens a tokenizer and tokenises with it.
///
/// One input is both files: `tokenizer.json`, a line `---`, `tokenizer_config.json`; the second may be absent.
enum TokenizerTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        let (first, second) = HuggingFaceTarget.halves(of: bytes)
        let (tokenizerBytes, configuration) = (Array(first), Array(second))
        let tokenizer: Tokenizer
        do throws(ModelFileError) {
            tokenizer = try tokenizerBytes.withUnsafeBufferPointer { first throws(ModelFileError) in
                try configuration.withUnsafeBufferPointer { second throws(ModelFileError) in
                    let second = UnsafeRawBufferPointer(second)
                    return try HuggingFaceTokenizer.read(
                        tokenizer: UnsafeRawBufferPointer(first), file: "tokenizer.json",
                        configuration: second.isEmpty ? nil : (second, "tokenizer_config.json"),
                        vocabularySize: 4096, beginningToken: 1, endTokens: [2], preTokenizer: nil)
                }
            }
        } catch {
            return .refused(error.message)
        }
        try GGUFTarget.tokenise(tokenizer, bytes)
        return .accepted
    }
}
