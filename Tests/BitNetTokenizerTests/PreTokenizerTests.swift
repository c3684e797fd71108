// SPDX-License-Identifier: MIT

import BitNetFormats
import BitNetTokenizer
import TestSupport
import Testing

@Suite struct PreTokenizerTests {
    private static func expectPieces(
        of text: String, _ rules: PreTokenizer, are expected: [String],
        at location: SourceLocation = #_sourceLocation
    ) {
        let bytes = Array(text.utf8)
        let pieces = rules.pieces(of: text).map { Array(bytes[$0]) }
        let texts = pieces.map { String(decoding: $0, as: UTF8.self) }
        #expect(
            pieces == expected.map { Array($0.utf8) }, "\(text.debugDescription): \(texts)",
            sourceLocation: location)
    }

    @Test(
        arguments: [
            ("", []), ("Hello world", ["Hello", " world"]), ("  a", [" ", " a"]), ("a  ", ["a", "  "]),
            ("1234567", ["123", "456", "7"]),
            ("it's IT'S we'll you're", ["it", "'s", " IT", "'S", " we", "'ll", " you", "'re"]),
            ("'tis", ["'t", "is"]), ("'quote", ["'quote"]), ("'\u{17F}a", ["'\u{17F}", "a"]),
            ("'LL'Ve'rE'M'D'T", ["'LL", "'Ve", "'rE", "'M", "'D", "'T"]),
            ("a\n\n b", ["a", "\n\n", " b"]), ("a \n \n  b", ["a", " \n \n", " ", " b"]),
            ("x!!\r\n\ny", ["x", "!!\r\n\n", "y"]), (" !?", [" !?"]), ("(a)", ["(a", ")"]),
            ("!!a", ["!!", "a"]),
            ("\ta", ["\ta"]), ("\t a", ["\t", " a"]), ("\na", ["\n", "a"]), ("\u{A0}漢字", ["\u{A0}漢字"]),
            ("\u{3000}\u{3000}a", ["\u{3000}", "\u{3000}a"]), ("\u{3000}1", ["\u{3000}", "1"]),
            ("a\u{85}b", ["a", "\u{85}b"]), ("\u{85}\u{85}", ["\u{85}\u{85}"]),
            // A zero-width space is none.
            ("a \u{200B}\u{200B}", ["a", " \u{200B}\u{200B}"]),
            ("e\u{301}", ["e", "\u{301}"]), ("\u{301}e", ["\u{301}e"]), (" \u{301}e", [" \u{301}", "e"]),
            ("Ⅳ²३", ["Ⅳ²३"]), ("Ⅳ²३½", ["Ⅳ²३", "½"]), ("1a2", ["1", "a", "2"]),
            (" 12", [" ", "12"]), ("'", ["'"]), ("'l", ["'l"]), ("'v e", ["'v", " e"]),
            ("👍🏽 ok", ["👍🏽", " ok"]), (" ", [" "]), ("\r\n \t", ["\r\n", " \t"]),
        ] as [(String, [String])])
    func `text is cut as the Llama-3 expression cuts it`(text: String, expected: [String]) {
        Self.expectPieces(of: text, .llama3, are: expected)
    }

    @Test(
        arguments: [
            ("", []), ("Hello world", ["Hello", " world"]), ("  a", [" ", " a"]), ("a  ", ["a", "  "]),
            ("1234567", ["1234567"]), (" 12a", [" 12", "a"]), ("Ⅳ²३", ["Ⅳ²३"]),
            ("it's IT'S we'll", ["it", "'s", " IT", "'", "S", " we", "'ll"]),
            ("'tis 'tis", ["'t", "is", " '", "tis"]), ("'llx'lx", ["'ll", "x", "'", "lx"]),
            ("we'Re", ["we", "'", "Re"]), ("'\u{17F}", ["'", "\u{17F}"]),
            ("a\n\n b", ["a", "\n\n", " b"]), ("a\nb", ["a", "\n", "b"]), ("\ta", ["\t", "a"]),
            ("x!!\r\n\ny", ["x", "!!", "\r\n", "\n", "y"]), (" !?a", [" !?", "a"]), ("(a)", ["(", "a", ")"]),
            ("\u{A0}漢字", ["\u{A0}", "漢字"]), ("\u{3000}\u{3000}a", ["\u{3000}", "\u{3000}", "a"]),
            ("a\u{85}b", ["a", "\u{85}", "b"]), ("e\u{301}f", ["e", "\u{301}", "f"]),
            (" e\u{301}!", [" e", "\u{301}!"]), ("👍🏽 ok", ["👍🏽", " ok"]),
        ] as [(String, [String])])
    func `text is cut as the expression of GPT-2 cuts it`(text: String, expected: [String]) {
        Self.expectPieces(of: text, .gpt2, are: expected)
    }

    @Test(
        arguments: [
            ("", []), ("Hello  world!", ["Hello", " ", " world", "!"]), ("it's", ["it", "'", "s"]),
            ("1 + 1 =", ["1", " ", "+", " ", "1", " ", "="]), ("x $5", ["x", " ", "$", "5"]),
            ("12345", ["123", "45"]), ("1234567", ["123", "456", "7"]), ("١٢٣٤", ["١٢٣٤"]),
            ("12٣456", ["12٣", "456"]), ("`a`", ["`", "a", "`"]), ("a#b", ["a", "#", "b"]),
            ("a\n\n b", ["a", "\n\n", " b"]), ("a  ,b", ["a", "  ", ",", "b"]),
            (" (a)", [" ", "(", "a", ")"]),
            ("漢字、。", ["漢字", "、。"]), ("a\u{85}b", ["a", "\u{85}", "b"]), (" €", [" €"]),
            ("\u{3000}\u{3000}a", ["\u{3000}", "\u{3000}", "a"]), ("e\u{301}f", ["e", "\u{301}", "f"]),
        ] as [(String, [String])])
    func `text is cut as four passes cut it`(text: String, expected: [String]) {
        Self.expectPieces(of: text, .fourPasses, are: expected)
    }

    @Test(
        arguments: [
            ("", [], []), ("it's 123", ["it", "'s", " ", "1", "2", "3"], nil), ("Ⅳ²३", ["Ⅳ", "²", "३"], nil),
            ("a\r\n\r\n b", ["a", "\r\n\r\n", " b"], nil), ("x!!\r\n\ny", ["x", "!!\r\n\n", "y"], nil),
            ("'LL'Ve", ["'LL", "'Ve"], nil), ("e\u{301}x", ["e", "\u{301}x"], ["e\u{301}x"]),
            ("\u{301}e", ["\u{301}e"], ["\u{301}e"]), ("\u{301}\u{301}", ["\u{301}\u{301}"], nil),
            (" \u{301}e", [" \u{301}", "e"], [" \u{301}e"]), ("!\u{301}", ["!\u{301}"], ["!\u{301}"]),
            ("!!\u{301}", ["!!\u{301}"], ["!!", "\u{301}"]), ("1\u{301}", ["1", "\u{301}"], nil),
            ("क्षि हिन्दी", ["क", "\u{94D}ष", "\u{93F}", " ह", "\u{93F}न", "\u{94D}द", "\u{940}"], ["क्षि", " हिन्दी"]),
            ("กำ", ["กำ"], ["กำ"]), ("กี่", ["ก", "\u{E35}\u{E48}"], ["กี่"]),
            ("\n\u{301}", ["\n", "\u{301}"], nil), ("👍🏽 ok", ["👍🏽", " ok"], nil),
            ("❤\u{FE0F}!", ["❤\u{FE0F}!"], ["❤\u{FE0F}", "!"]), ("漢字、。", ["漢字", "、。"], nil),
        ] as [(String, [String], [String]?)])
    func `text is cut as Qwen's expressions cut it`(text: String, qwen2: [String], qwen35: [String]?) {
        Self.expectPieces(of: text, .qwen2, are: qwen2)
        Self.expectPieces(of: text, .qwen35, are: qwen35 ?? qwen2)
    }

    @Test(arguments: [PreTokenizer.llama3, .qwen2, .qwen35, .gpt2, .fourPasses])
    func `pieces are whole characters and cover any text`(_ rules: PreTokenizer) {
        var random = SeededGenerator(seed: 23)
        for _ in 0..<500 {
            let text = Self.randomText(&random)
            let bytes = Array(text.utf8)
            var end = 0
            for piece in rules.pieces(of: text) {
                #expect(piece.lowerBound == end && !piece.isEmpty)
                #expect(String(validating: bytes[piece], as: UTF8.self) != nil)
                end = piece.upperBound
            }
            #expect(end == bytes.count)
        }
    }

    /// Scalars of all planes, and often of the few that rules ask for.
    static func randomText(_ random: inout SeededGenerator) -> String {
        let frequent: [Unicode.Scalar] = [
            " ", " ", "\n", "\r", "\t", "'", "s", "L", "l", "9", "0", "!", "$", "\u{85}", "\u{A0}",
            "\u{3000}",
            "\u{301}", "é", "漢", "١", "\u{2581}", "🙂",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            let value =
                UInt32.random(in: 0...0x10FFFF, using: &random) >> UInt32.random(in: 0...14, using: &random)
            let isFrequent = Int.random(in: 0...3, using: &random) > 0
            let index = Int.random(in: 0..<frequent.count, using: &random)
            text.append(isFrequent ? frequent[index] : Unicode.Scalar(value) ?? "\u{FFFD}")
        }
        return String(text)
    }
}
