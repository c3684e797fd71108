// SPDX-License-Identifier: MIT

/// How text is cut into the pieces inside which tokens may merge.
///
/// Passes one after the other, each over every piece that the one before left; what an expression matches and what
/// lies between its matches both become pieces.
package struct PreTokenizer: Equatable, Sendable {
    enum Pass: Equatable, Sendable {
        case llama3
        /// Llama-3's, but that every digit is a piece.
        case qwen2
        /// As before, but that marks are letters.
        case qwen35
        case gpt2
        /// `[\p{P}\$\+<=>\^~\|]+`
        case punctuation
        /// `\p{N}+`
        case numbers
        /// `\p{N}`
        case singleNumbers
        /// `[0-9][0-9][0-9]`
        case digitTriples
        /// At blanks behind other characters; exact for SentencePiece where no token has one inside.
        case words
        /// Before every blank (Hugging Face's “Metaspace” that splits).
        case blankWords
        case whole
    }

    let passes: [Pass]

    package static let llama3 = PreTokenizer(passes: [.llama3])
    package static let qwen2 = PreTokenizer(passes: [.qwen2])
    package static let qwen35 = PreTokenizer(passes: [.qwen35])
    package static let gpt2 = PreTokenizer(passes: [.gpt2])
    /// What llama.cpp uses where a file names none.
    package static let fourPasses = PreTokenizer(passes: [.punctuation, .gpt2, .numbers, .digitTriples])
    static let words = PreTokenizer(passes: [.words])
    static let whole = PreTokenizer(passes: [.whole])

    private static let names: [String: PreTokenizer] = [
        "llama-bpe": .llama3, "llama3": .llama3, "llama-v3": .llama3, "falcon3": .llama3,
        "falcon_e": .llama3, "falcon-e": .llama3, "falcon-h1": .llama3,
        "qwen2": .qwen2, "deepseek-r1-qwen": .qwen2, "qwen35": .qwen35,
        "gpt-2": .gpt2, "gpt2": .gpt2, "default": .fourPasses,
    ]

    /// The names that GGUF files may give, for messages.
    package static var knownNames: String { names.keys.sorted().joined(separator: ", ") }

    /// The rules of a GGUF name, if they are known.
    package init?(name: String) {
        guard let found = Self.names[name] else { return nil }
        self = found
    }

    init(passes: [Pass]) {
        self.passes = passes
    }

    /// - Returns: UTF-8 ranges of the pieces; together they are the whole text.
    package func pieces(of text: String) -> [Range<Int>] {
        var text = text
        return text.withUTF8 { bytes in
            var pieces: [Range<Int>] = []
            forEachPiece(of: bytes, in: 0..<bytes.count) { pieces.append($0) }
            return pieces
        }
    }

    func forEachPiece(
        of text: UnsafeBufferPointer<UInt8>, in range: Range<Int>, _ body: (Range<Int>) -> Void
    ) {
        apply(0, to: range, text, body)
    }

    private func apply(
        _ index: Int, to range: Range<Int>, _ text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void
    ) {
        let pass = passes[index]
        let isLast = index + 1 == passes.count
        let scanner = PieceScanner(text, limit: range.upperBound)
        var start = range.lowerBound
        while start < range.upperBound {
            let end = scanner.end(pass, from: start)
            if isLast { body(start..<end) } else { apply(index + 1, to: start..<end, text, body) }
            start = end
        }
    }
}
