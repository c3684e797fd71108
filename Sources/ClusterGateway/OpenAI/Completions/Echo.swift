// SPDX-License-Identifier: MIT
import BitNetCore

/// A prompt as its completion repeats it.
struct Echo: Sendable {
    let text: String
    private let tokens: [UInt32]
    /// Where each token's text begins, in Unicode scalars.
    private let offsets: [Int]

    /// - Parameter tokens: the prompt as the model got it, with what stands before every text.
    init(_ prompt: Prompt, tokens: [UInt32], names: TokenNames) {
        self.tokens = tokens
        if case .text(let text, _) = prompt {
            self.text = text
        } else {
            // Tokens that were generated for are tokens that there are.
            text = (try? names.generator.text(of: tokens)) ?? ""
        }
        let offsets = Self.offsets(tokens, in: text, names)
        // A blank that a tokenizer puts before every text is in the first token, but not in the text.
        let surplus = max(0, offsets.end - text.unicodeScalars.count)
        self.offsets = offsets.starts.map { max(0, $0 - surplus) }
    }

    private static func offsets(
        _ tokens: [UInt32], in text: String, _ names: TokenNames
    ) -> (starts: [Int], end: Int) {
        let scalars = Array(text.unicodeScalars)
        var starts: [Int] = []
        var lengths: [UInt32: Int] = [:]
        var end = 0
        for token in tokens {
            starts.append(end)
            let length = lengths[token] ?? length(of: token, names)
            lengths[token] = length
            end += length > 0 ? length : nameLength(of: token, at: end, in: scalars, names)
        }
        return (starts, end)
    }

    /// Characters that begin in the token; none in a special one, which has a name, but no text.
    ///
    /// Twice, as the first blank of a text may be dropped.
    private static func length(of token: UInt32, _ names: TokenNames) -> Int {
        guard let text = try? names.generator.text(of: [token, token]), !text.isEmpty else { return 0 }
        return names.generator.bytes(of: token).count { $0 & 0xC0 != 0x80 }
    }

    /// Characters of a special token's name, if the prompt named it there.
    private static func nameLength(
        of token: UInt32, at offset: Int, in scalars: [Unicode.Scalar], _ names: TokenNames
    ) -> Int {
        let name = names.text(of: token).unicodeScalars
        return offset < scalars.count && scalars[offset...].starts(with: name) ? name.count : 0
    }

    /// An entry for each token: the first has no probability, as nothing stands before it.
    ///
    /// - Parameter scores: of all tokens but the first.
    func entries(_ scores: [ScoredToken], names: TokenNames) -> CompletionLogProbabilities {
        var entries = CompletionLogProbabilities()
        for (index, token) in tokens.enumerated() {
            guard index > 0, index <= scores.count else {
                entries.append(names.key(of: token), nil, nil, at: offsets[index])
                continue
            }
            let score = scores[index - 1]
            let taken = TokenScore(token: token, logProbability: score.logProbability)
            entries.append(
                names.key(of: token), score.logProbability.written,
                names.map(of: score.alternatives, and: taken), at: offsets[index])
        }
        return entries
    }
}
