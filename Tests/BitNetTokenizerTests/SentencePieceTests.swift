// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

/// A SentencePiece vocabulary small enough to merge by hand.
private struct TinySentencePiece {
    /// Normal tokens and their scores; the first has the id 259.
    static let pieces: [(text: String, score: Float)] = [
        ("▁", -10), ("a", -11), ("b", -12), ("ab", -1), ("▁a", -2), ("▁ab", -3), ("ba", -0.5), ("▁▁", -4),
        ("é", -13), ("aa", -5), ("bb", -5),
    ]
    static let blank: UInt32 = 259
    static let (a, b, ab, blankA): (UInt32, UInt32, UInt32, UInt32) = (260, 261, 262, 263)
    static let (blankAB, ba, blanks, eAcute): (UInt32, UInt32, UInt32, UInt32) = (264, 265, 266, 267)
    static let (aa, bb): (UInt32, UInt32) = (268, 269)
    static let user: UInt32 = 270
    static let end: UInt32 = 2

    static func byte(_ byte: UInt8) -> UInt32 { 3 + UInt32(byte) }

    var tokens: [String]
    var kinds: [Int32]
    var scores: [Float]
    var adjust: (inout GGUFBuilder) -> Void = { _ in }

    init(hasBytes: Bool = true) {
        let bytes = (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
        }
        tokens = ["<unk>", "<s>", "</s>"] + (hasBytes ? bytes : []) + Self.pieces.map(\.text) + ["[USER]"]
        kinds = [2, 3, 3] + (hasBytes ? [Int32](repeating: 6, count: 256) : [])
        kinds += [Int32](repeating: 1, count: Self.pieces.count) + [4]
        scores = [Float](repeating: 0, count: hasBytes ? 259 : 3) + Self.pieces.map(\.score) + [0]
    }

    var builder: GGUFBuilder {
        var builder = TinyModel.builder()
        builder.set("tokenizer.ggml.model", text: "llama")
        builder.set("tokenizer.ggml.tokens", texts: tokens)
        builder.set("tokenizer.ggml.token_type", integers: kinds)
        builder.set(
            "tokenizer.ggml.scores", 9,
            littleEndian(UInt32(6)) + littleEndian(UInt64(scores.count))
                + scores.flatMap { littleEndian($0.bitPattern) })
        for name in ["pre", "merges", "bos_token_id", "eos_token_id"] {
            builder.remove("tokenizer.ggml.\(name)")
        }
        let count = tokens.count
        builder.change("token_embd.weight") {
            $0 = .init("token_embd.weight", [12, UInt64(count)], 1, TinyModel.floats16(12 * count, seed: 1))
        }
        adjust(&builder)
        return builder
    }

    func tokenizer() throws(ModelFileError) -> Tokenizer {
        try openModel(builder.bytes).tokenizer()
    }
}

@Suite struct SentencePieceTests {
    private typealias Tiny = TinySentencePiece

    @Test(
        arguments: [
            ("", []), ("ab", [Tiny.blankAB]), ("aba", [Tiny.blankA, Tiny.ba]),
            // The better pair is the second, and nothing joins what is left.
            (" a", [Tiny.blank, Tiny.blankA]), ("a b", [Tiny.blankA, Tiny.blank, Tiny.b]),
            ("  b", [Tiny.blanks, Tiny.blank, Tiny.b]),
            // Of equal scores the leftmost.
            ("bbb", [Tiny.blank, Tiny.bb, Tiny.b]), ("baab", [Tiny.blank, Tiny.ba, Tiny.ab]),
            ("é", [Tiny.blank, Tiny.eAcute]), ("ü", [Tiny.blank, Tiny.byte(0xC3), Tiny.byte(0xBC)]),
            ("aü", [Tiny.blankA, Tiny.byte(0xC3), Tiny.byte(0xBC)]), ("\n", [Tiny.blank, Tiny.byte(10)]),
        ] as [(String, [UInt32])])
    func `text becomes the tokens of the best scores, and back`(_ text: String, _ expected: [UInt32]) throws {
        let tokenizer = try TinySentencePiece().tokenizer()
        #expect(tokenizer.encode(text, addsBeginning: false) == expected)
        #expect(tokenizer.encode(text, addsBeginning: true) == [1] + expected)
        #expect(tokenizer.decode(expected) == text)
        #expect(tokenizer.decode([1] + expected + [2]) == text)
    }

    @Test func `U+2581 is a blank`() throws {
        let tokenizer = try TinySentencePiece().tokenizer()
        #expect(
            tokenizer.encode("a\u{2581}\u{2581}a", addsBeginning: false)
                == tokenizer.encode("a  a", addsBeginning: false))
    }

    @Test func `a blank stands before text behind special tokens too`() throws {
        let tokenizer = try TinySentencePiece().tokenizer()
        #expect(tokenizer.encode("[USER]a", addsBeginning: false) == [Tiny.user, Tiny.blankA])
        #expect(
            tokenizer.encode("ab[USER][USER]ab", addsBeginning: false)
                == [Tiny.blankAB, Tiny.user, Tiny.user, Tiny.blankAB])
        let plain = [Tiny.blankA, Tiny.byte(0x3C), Tiny.byte(0x2F), Tiny.byte(0x73), Tiny.byte(0x3E)]
        #expect(tokenizer.encode("a</s>", addsBeginning: false) == plain)
        #expect(
            tokenizer.encode("a</s>a", addsBeginning: false, parsesSpecial: true)
                == [Tiny.blankA, Tiny.end, Tiny.blankA])
    }

    @Test func `a file may ask for no blank before text`() throws {
        var tiny = TinySentencePiece()
        tiny.adjust = { $0.set("tokenizer.ggml.add_space_prefix", flag: false) }
        let tokenizer = try tiny.tokenizer()
        #expect(tokenizer.encode("ab", addsBeginning: false) == [Tiny.ab])
        #expect(tokenizer.encode(" ab", addsBeginning: false) == [Tiny.blankAB])
        #expect(tokenizer.decode([Tiny.blankAB]) == " ab")
    }

    @Test func `what a file leaves out is what SentencePiece has`() throws {
        let tokenizer = try TinySentencePiece().tokenizer()
        #expect(tokenizer.beginningToken == 1 && tokenizer.addsBeginning && tokenizer.stopTokens == [2])
        var tiny = TinySentencePiece()
        tiny.adjust = {
            $0.set("tokenizer.ggml.add_bos_token", flag: false)
            $0.set("tokenizer.ggml.eos_token_id", integer: Tiny.user)
        }
        let other = try tiny.tokenizer()
        #expect(!other.addsBeginning && other.stopTokens == [Tiny.user])
    }

    @Test func `one blank is dropped where a stream starts a text, none where it continues one`() throws {
        let tokenizer = try TinySentencePiece().tokenizer()
        let tokens = [1, Tiny.blankAB, Tiny.blankA, Tiny.byte(0xC3), Tiny.byte(0xBC)]
        var starting = Detokenizer(tokenizer, startsText: true)
        #expect(tokens.map { starting.append($0) } == ["", "ab", " a", "", "ü"])
        var continuing = Detokenizer(tokenizer)
        #expect(tokens.map { continuing.append($0) } == ["", " ab", " a", "", "ü"])
    }

    @Test func `without byte tokens an unknown token stands for unknown characters`() throws {
        let tokenizer = try TinySentencePiece(hasBytes: false).tokenizer()
        let shift: UInt32 = 256
        #expect(tokenizer.encode("ab", addsBeginning: false) == [Tiny.blankAB - shift])
        #expect(tokenizer.encode("aüüa", addsBeginning: false) == [Tiny.blankA - shift, 0, Tiny.a - shift])
        #expect(tokenizer.decode([Tiny.blankA - shift, 0, Tiny.a - shift]) == "aa")
    }

    @Test func `any text survives the way there and back`() throws {
        let tokenizer = try TinySentencePiece().tokenizer()
        var random = SeededGenerator(seed: 31)
        for _ in 0..<300 {
            var scalars = PreTokenizerTests.randomText(&random).unicodeScalars
            scalars.removeAll { $0 == "\u{2581}" }
            let text = String(scalars)
            let tokens = tokenizer.encode(text, addsBeginning: true)
            #expect(Array(tokenizer.decode(tokens).utf8) == Array(text.utf8))
        }
    }

    @Test(arguments: ["a", " ", "\u{2581}", "b", "ü"])
    func `a hundred thousand equal characters are merged as few are`(_ character: String) throws {
        let tokenizer = try TinySentencePiece().tokenizer()
        let count = 100_001
        let tokens = tokenizer.encode(String(repeating: character, count: count), addsBeginning: false)
        let bytes = tokens.reduce(0) { $0 + tokenizer.bytes(of: $1).count }
        #expect(bytes == 1 + count * (character == "ü" ? 2 : 1))
        let pair = ["a": Tiny.aa, "b": Tiny.bb][character] ?? Tiny.blanks
        let pairs = tokens.count { $0 == pair }
        let pairCount = ["a": count / 2, "b": count / 2, "ü": 0][character] ?? (count + 1) / 2
        #expect(pairs == pairCount)
    }

    @Test func `cutting at blanks changes no token`() throws {
        // A token with a blank inside forbids to cut at blanks; the other tokens stay as they were.
        let cut = try TinySentencePiece().tokenizer()
        var tiny = TinySentencePiece()
        tiny.tokens.append("q▁q")
        tiny.kinds.append(1)
        tiny.scores.append(-20)
        let whole = try tiny.tokenizer()
        var random = SeededGenerator(seed: 37)
        let letters: [Unicode.Scalar] = ["a", "b", " ", " ", "a", "ü", "\u{2581}"]
        for _ in 0..<500 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...80, using: &random) {
                text.append(letters[Int.random(in: 0..<letters.count, using: &random)])
            }
            #expect(
                cut.encode(String(text), addsBeginning: true)
                    == whole.encode(String(text), addsBeginning: true))
        }
    }

    @Test(arguments: ["a score that is not a number", "too few scores", "no scores", "a long token"])
    func `a vocabulary that cannot be used is refused`(_ fault: String) throws {
        var tiny = TinySentencePiece()
        switch fault {
        case "a score that is not a number": tiny.scores[260] = .nan
        case "too few scores": tiny.scores.removeLast()
        case "no scores": tiny.adjust = { $0.remove("tokenizer.ggml.scores") }
        default: tiny.tokens[260] = String(repeating: "a", count: Limits.mergedTokenBytesMax + 1)
        }
        let error = #expect(throws: ModelFileError.self) { try tiny.tokenizer() }
        #expect(error?.code == .malformedTokenizer)
        tiny = TinySentencePiece()
        tiny.tokens[260] = String(repeating: "a", count: Limits.mergedTokenBytesMax)
        #expect(throws: Never.self) { try tiny.tokenizer() }
    }

    @Test func `infinite scores and equal texts are legal`() throws {
        var tiny = TinySentencePiece()
        tiny.scores[Int(Tiny.ab)] = -.infinity
        tiny.scores[Int(Tiny.ba)] = .infinity
        tiny.tokens[Int(Tiny.bb)] = "aa"
        let tokenizer = try tiny.tokenizer()
        #expect(tokenizer.encode("aba", addsBeginning: false) == [Tiny.blankA, Tiny.ba])
        #expect(tokenizer.encode("baa", addsBeginning: false) == [Tiny.blank, Tiny.ba, Tiny.a])
    }
}
