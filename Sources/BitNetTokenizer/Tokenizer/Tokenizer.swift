// SPDX-License-Identifier: MIT

import BitNetCore

/// A model's tokenizer: byte-level BPE, or SentencePiece's.
package final class Tokenizer: Sendable {
    /// The token that stands before every text, if the model has one.
    package let beginningToken: UInt32?
    /// Whether the model wants that token before a text.
    package let addsBeginning: Bool
    /// Tokens that end a generation: end of text, of turn, of message.
    package let stopTokens: Set<UInt32>

    /// Texts of tokens by the names that chat templates have for them, such as `bos_token`.
    let templateNames: [String: String]

    let vocabulary: Vocabulary
    private let encoder: PieceEncoder
    let form: TextForm
    /// Tokens that stand in the text under their own name.
    private let special: SpecialTokenMatcher
    /// Those that are looked for in the text's changed form.
    private let specialInForm: SpecialTokenMatcher

    init(
        encoder: PieceEncoder, form: TextForm, special: SpecialTokenMatcher,
        specialInForm: SpecialTokenMatcher = .init(), beginningToken: UInt32?, addsBeginning: Bool,
        stopTokens: Set<UInt32>, templateNames: [String: String] = [:]
    ) {
        vocabulary = encoder.vocabulary
        self.encoder = encoder
        self.form = form
        self.special = special
        self.specialInForm = specialInForm
        self.beginningToken = beginningToken
        self.addsBeginning = addsBeginning && beginningToken != nil
        self.stopTokens = stopTokens
        self.templateNames = templateNames
    }

    /// Number of tokens; ids are below it.
    package var count: Int { vocabulary.count }

    /// Turns text into tokens.
    ///
    /// `addsBeginning` puts ``beginningToken`` first, if there is one. `parsesSpecial` reads control tokens
    /// such as `<|eot_id|>` from the text: for a whole prompt, but not for the words of a message, which must
    /// not be able to end a turn. A text that does not start a prompt (`startsText`) gets no blank before it where the
    /// tokenizer wants one before the first text only.
    package func encode(
        _ text: String, addsBeginning: Bool, parsesSpecial: Bool = false, startsText: Bool = true
    ) -> [UInt32] {
        var tokens: [UInt32] = []
        if addsBeginning, let beginningToken { tokens.append(beginningToken) }
        var text = text
        text.withUTF8 { bytes in
            var work = MergeWorkspace()
            split(bytes, by: special, parsesSpecial, into: &tokens) { range, tokens in
                encode(
                    fragment: UnsafeBufferPointer(rebasing: bytes[range]),
                    isFirst: startsText && range.lowerBound == 0,
                    parsesSpecial, &tokens, &work)
            }
        }
        return tokens
    }

    /// Appends special tokens, and calls `plain` with what lies between.
    private func split(
        _ text: UnsafeBufferPointer<UInt8>, by matcher: SpecialTokenMatcher, _ parsesSpecial: Bool,
        into tokens: inout [UInt32], _ plain: (Range<Int>, inout [UInt32]) -> Void
    ) {
        var start = 0
        while let match = matcher.firstMatch(
            in: text, from: start, accepts: { parsesSpecial || !isControl($0) })
        {
            if start < match.range.lowerBound { plain(start..<match.range.lowerBound, &tokens) }
            tokens.append(match.token)
            start = match.range.upperBound
        }
        if start < text.count { plain(start..<text.count, &tokens) }
    }

    private func encode(
        fragment: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ parsesSpecial: Bool,
        _ tokens: inout [UInt32], _ work: inout MergeWorkspace
    ) {
        guard !form.isIdentity else { return encoder.encode(fragment, into: &tokens, &work) }
        form.apply(fragment, isFirst: isFirst).withUnsafeBufferPointer { bytes in
            split(bytes, by: specialInForm, parsesSpecial, into: &tokens) { range, tokens in
                encoder.encode(UnsafeBufferPointer(rebasing: bytes[range]), into: &tokens, &work)
            }
        }
    }

    /// The token's bytes, which need not be whole characters; for a control token its name.
    package func bytes(of token: UInt32) -> ArraySlice<UInt8> { vocabulary.bytes(of: token) }

    /// The token as text for people; incomplete characters become U+FFFD.
    package func text(of token: UInt32) -> String { String(decoding: bytes(of: token), as: UTF8.self) }

    /// Whether the token has a meaning rather than a text.
    package func isControl(_ token: UInt32) -> Bool {
        let kind = vocabulary.kind(of: token)
        return kind == .control || kind == .unknown
    }

    /// The text of a token sequence from its beginning, without control tokens.
    package func decode(_ tokens: some Sequence<UInt32>) -> String {
        var detokenizer = Detokenizer(self, startsText: true)
        var text = ""
        for token in tokens { text += detokenizer.append(token) }
        return text + detokenizer.finish()
    }
}

extension SpecialTokenMatcher {
    /// Finds the control, user-defined and unknown tokens of a vocabulary by their texts.
    init(_ vocabulary: Vocabulary) {
        self.init()
        for token in 0..<UInt32(vocabulary.count) {
            switch vocabulary.kind(of: token) {
            case .control, .userDefined, .unknown: insertIfText(vocabulary.bytes(of: token), token: token)
            default: break
            }
        }
    }

    /// A match must not cut a character of the text in two, and looking for one must not take the square of a
    /// prompt: a longer token is never found.
    mutating func insertIfText(_ text: ArraySlice<UInt8>, token: UInt32, strip: Strip = []) {
        guard text.count <= Limits.specialTokenBytesMax, String(validating: text, as: UTF8.self) != nil else {
            return
        }
        insert(text, token: token, strip: strip)
    }
}
