// SPDX-License-Identifier: MIT

/// A model's byte-level BPE tokenizer.
package final class Tokenizer: Sendable {
    /// The token that stands before every text, if the model has one.
    package let beginningToken: UInt32?
    /// Whether the model wants that token before a text.
    package let addsBeginning: Bool
    /// Tokens that end a generation: end of text, of turn, of message.
    package let stopTokens: Set<UInt32>

    private let vocabulary: Vocabulary
    private let encoder: BytePairEncoder
    /// Tokens that are one token wherever their text stands.
    private let userDefined: SpecialTokenMatcher
    /// Those and the control tokens.
    private let special: SpecialTokenMatcher

    init(
        vocabulary: Vocabulary, encoder: BytePairEncoder, beginningToken: UInt32?, addsBeginning: Bool,
        stopTokens: Set<UInt32>
    ) {
        self.vocabulary = vocabulary
        self.encoder = encoder
        self.beginningToken = beginningToken
        self.addsBeginning = addsBeginning && beginningToken != nil
        self.stopTokens = stopTokens
        var userDefined = SpecialTokenMatcher()
        var special = SpecialTokenMatcher()
        for token in 0..<UInt32(vocabulary.count) {
            let kind = vocabulary.kind(of: token)
            guard kind == .userDefined || kind == .control else { continue }
            let text = vocabulary.bytes(of: token)
            // A match must not cut a character of the text in two.
            guard String(validating: text, as: UTF8.self) != nil else { continue }
            special.insert(text, token: token)
            if kind == .userDefined { userDefined.insert(text, token: token) }
        }
        self.userDefined = userDefined
        self.special = special
    }

    /// Number of tokens; ids are below it.
    package var count: Int { vocabulary.count }

    /// Turns text into tokens.
    ///
    /// `addsBeginning` puts ``beginningToken`` first, if there is one. `parsesSpecial` reads control tokens
    /// such as `<|eot_id|>` from the text: only for text that this program made, for a user's text must not
    /// be able to end a turn.
    package func encode(_ text: String, addsBeginning: Bool, parsesSpecial: Bool = false) -> [UInt32] {
        var tokens: [UInt32] = []
        if addsBeginning, let beginningToken { tokens.append(beginningToken) }
        let bytes = Array(text.utf8)
        let matcher = parsesSpecial ? special : userDefined
        var work = BytePairEncoder.Workspace()
        var start = 0
        while let match = matcher.firstMatch(in: bytes, from: start) {
            encodePlain(bytes[start..<match.range.lowerBound], into: &tokens, &work)
            tokens.append(match.token)
            start = match.range.upperBound
        }
        encodePlain(bytes[start...], into: &tokens, &work)
        return tokens
    }

    private func encodePlain(
        _ bytes: ArraySlice<UInt8>, into tokens: inout [UInt32], _ work: inout BytePairEncoder.Workspace
    ) {
        for piece in Llama3PreTokenizer.pieces(of: String(decoding: bytes, as: UTF8.self)) {
            let range = bytes.startIndex + piece.lowerBound..<bytes.startIndex + piece.upperBound
            encoder.encode(bytes[range], into: &tokens, &work)
        }
    }

    /// The token's bytes, which need not be whole characters; for a control token its name.
    package func bytes(of token: UInt32) -> ArraySlice<UInt8> { vocabulary.bytes(of: token) }

    /// The token as text for people; incomplete characters become U+FFFD.
    package func text(of token: UInt32) -> String { String(decoding: bytes(of: token), as: UTF8.self) }

    /// Whether the token has a meaning rather than a text.
    package func isControl(_ token: UInt32) -> Bool { vocabulary.kind(of: token) == .control }

    /// The text of a token sequence, without control tokens.
    package func decode(_ tokens: some Sequence<UInt32>) -> String {
        var detokenizer = Detokenizer(self)
        var text = ""
        for token in tokens { text += detokenizer.append(token) }
        return text + detokenizer.finish()
    }
}
