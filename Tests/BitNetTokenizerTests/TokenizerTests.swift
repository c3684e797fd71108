// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

/// A tokenizer over all bytes with a handful of merges.
enum TinyTokenizer {
    static let merges = ["h e", "l l", "he ll", "hell o", "Ġ hello", "a a", "aa aa", "Ã ©"]
    static let extra = ["he", "ll", "hell", "hello", "Ġhello", "aa", "aaaa", "Ã©"]
    /// Id of the first token behind the 256 bytes.
    static let firstMerge: UInt32 = 256
    static let eot: UInt32 = 264
    static let bos: UInt32 = 265
    static let user: UInt32 = 266
    static let whole: UInt32 = 267

    /// The byte alphabet of GPT-2, written out anew.
    static let alphabet: [String] = {
        var next: UInt32 = 256
        return (UInt32(0)...255).map { byte in
            let isPrintable =
                (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            defer { if !isPrintable { next += 1 } }
            return UnicodeScalar(isPrintable ? byte : next).map { String($0) } ?? ""
        }
    }()

    static func builder(pre: String? = "llama-bpe") -> GGUFBuilder {
        var builder = TinyModel.builder()
        let tokens = alphabet + extra + ["<|eot_id|>", "<|begin|>", "<user token>", "xyz"]
        builder.set("tokenizer.ggml.tokens", texts: tokens)
        builder.set("tokenizer.ggml.merges", texts: merges)
        builder.set(
            "tokenizer.ggml.token_type", integers: [Int32](repeating: 1, count: 264) + [3, 3, 4, 1])
        builder.set("tokenizer.ggml.bos_token_id", integer: bos)
        builder.set("tokenizer.ggml.eos_token_id", integer: 0)
        if let pre {
            builder.set("tokenizer.ggml.pre", text: pre)
        } else {
            builder.remove("tokenizer.ggml.pre")
        }
        let count = UInt64(tokens.count)
        builder.change("token_embd.weight") {
            $0 = .init("token_embd.weight", [12, count], 1, TinyModel.floats16(12 * tokens.count, seed: 1))
        }
        return builder
    }

    static func tokenizer() throws -> Tokenizer { try openModel(builder().bytes).tokenizer() }
}

@Suite struct TokenizerTests {
    @Test(
        arguments: [
            ("", []), ("h", [104]), ("hello", [259]), (" hello", [260]), ("hellohe", [259, 256]),
            ("hell o", [258, 32, 111]), ("aaaaaaa", [262, 261, 97]), ("é", [263]), ("\u{0}\u{7F}", [0, 127]),
            // A whole piece that is a token needs no merges to get there.
            ("xyz", [267]), ("wxyz", [119, 120, 121, 122]),
        ] as [(String, [UInt32])])
    func `text becomes the expected tokens and back`(text: String, expected: [UInt32]) throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        #expect(tokenizer.encode(text, addsBeginning: false) == expected)
        #expect(tokenizer.encode(text, addsBeginning: true) == [TinyTokenizer.bos] + expected)
        #expect(tokenizer.decode(expected) == text)
    }

    @Test func `control tokens are read only when asked for, user-defined ones always`() throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        let text = "hello<|eot_id|><user token>hello"
        let plain = tokenizer.encode(text, addsBeginning: false)
        #expect(!plain.contains(TinyTokenizer.eot))
        #expect(Array(plain.suffix(2)) == [TinyTokenizer.user, 259])
        #expect(tokenizer.decode(plain) == text)
        let special = tokenizer.encode(text, addsBeginning: false, parsesSpecial: true)
        #expect(special == [259, TinyTokenizer.eot, TinyTokenizer.user, 259])
        #expect(tokenizer.decode(special) == "hello<user token>hello")
        #expect(tokenizer.text(of: TinyTokenizer.eot) == "<|eot_id|>")
        #expect(tokenizer.isControl(TinyTokenizer.eot) && !tokenizer.isControl(0))
    }

    @Test func `stops are the listed tokens and those with a known name`() throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        #expect(tokenizer.stopTokens == [0, TinyTokenizer.eot])
        #expect(tokenizer.beginningToken == TinyTokenizer.bos)
        #expect(tokenizer.addsBeginning)
        #expect(tokenizer.count == 268)
    }

    @Test func `an id outside the vocabulary has no text`() throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        #expect(tokenizer.text(of: 268) == "")
        #expect(tokenizer.text(of: .max) == "")
        #expect(tokenizer.decode([104, .max, 105]) == "hi")
    }

    @Test func `a piece of a hundred thousand letters is merged like a short one`() throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        let tokens = tokenizer.encode(String(repeating: "a", count: 100_003), addsBeginning: false)
        #expect(tokens.count == 25_000 + 2)
        #expect(tokens.dropLast(2).allSatisfy { $0 == 262 })
        #expect(Array(tokens.suffix(2)) == [261, 97])
    }

    @Test func `any text survives the way there and back`() throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        var random = SeededGenerator(seed: 11)
        let scalars: [Unicode.Scalar] = [
            "a", "h", "e", "l", "o", " ", "\n", "'", "é", "漢", "🙂", "\u{301}", "7", "<",
        ]
        for _ in 0..<300 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                text.append(scalars[Int.random(in: 0..<scalars.count, using: &random)])
            }
            let tokens = tokenizer.encode(String(text), addsBeginning: false)
            #expect(Array(tokenizer.decode(tokens).utf8) == Array(String(text).utf8))
        }
    }

    static let refusals: [GGUFFault] = [
        GGUFFault("a word-piece model", .unsupportedTokenizer) {
            $0.set("tokenizer.ggml.model", text: "bert")
        },
        GGUFFault("a SentencePiece model without scores", .malformedTokenizer) {
            $0.set("tokenizer.ggml.model", text: "llama")
        },
        GGUFFault("no model", .unsupportedTokenizer) { $0.remove("tokenizer.ggml.model") },
        GGUFFault("another pre-tokenizer", .unsupportedTokenizer) {
            $0.set("tokenizer.ggml.pre", text: "tekken")
        },
        GGUFFault("no tokens", .malformedTokenizer) { $0.remove("tokenizer.ggml.tokens") },
        GGUFFault("more tokens than embedding rows", .malformedTokenizer) {
            $0.set("tokenizer.ggml.tokens", texts: [String](repeating: "a", count: 23))
        },
        GGUFFault("no merges", .malformedTokenizer) { $0.remove("tokenizer.ggml.merges") },
        GGUFFault("a merge without a space", .malformedTokenizer) {
            $0.set("tokenizer.ggml.merges", texts: ["ab"])
        },
        GGUFFault("a merge of nothing", .malformedTokenizer) {
            $0.set("tokenizer.ggml.merges", texts: [" "])
        },
        GGUFFault("too few token types", .malformedTokenizer) {
            $0.set("tokenizer.ggml.token_type", integers: [1])
        },
        GGUFFault("an unknown token type", .malformedTokenizer) {
            $0.set("tokenizer.ggml.token_type", integers: [Int32](repeating: 7, count: 22))
        },
        GGUFFault("a special token outside the vocabulary", .malformedTokenizer) {
            $0.set("tokenizer.ggml.eos_token_id", integer: 22)
        },
        GGUFFault("tokens that are numbers", .malformedValue) {
            $0.set("tokenizer.ggml.tokens", integers: [1])
        },
    ]

    @Test(arguments: refusals)
    func `a tokenizer that cannot be used is refused by name, the model still opens`(fault: GGUFFault) throws
    {
        var builder = TinyModel.builder()
        fault.apply(&builder)
        let model = try openModel(builder.bytes)
        let error = #expect(throws: ModelFileError.self) { try model.tokenizer() }
        #expect(error?.code == fault.code)
    }

    @Test func `a pre-tokenizer that is not named is mentioned, and is the default one`() throws {
        let model = try openModel(TinyTokenizer.builder(pre: nil).bytes)
        #expect(model.warnings.contains { $0.contains("pre-tokenizer") && $0.contains("default") })
        let tokenizer = try model.tokenizer()
        // Llama-3's rules would find this token, to which no merge leads.
        #expect(tokenizer.encode("xyz", addsBeginning: false) == [120, 121, 122])
        #expect(!tokenizer.addsBeginning)
    }

    @Test func `a control token is found up to a length and not past it`() throws {
        for (length, isFound) in [
            (Limits.specialTokenBytesMax, true), (Limits.specialTokenBytesMax + 1, false),
        ] {
            let name = String(repeating: "z", count: length)
            var builder = TinyTokenizer.builder()
            builder.set(
                "tokenizer.ggml.tokens",
                texts: TinyTokenizer.alphabet + TinyTokenizer.extra + [
                    name, "<|begin|>", "<user token>", "xyz",
                ])
            let tokens = try openModel(builder.bytes).tokenizer().encode(
                name, addsBeginning: false, parsesSpecial: true)
            #expect((tokens == [264]) == isFound)
        }
    }

    @Test func `a person may name another pre-tokenizer than the file`() throws {
        let gguf = try openGGUF(TinyTokenizer.builder(pre: "qwen2").bytes)
        func tokenizer(_ name: String) throws(ModelFileError) -> Tokenizer {
            var options = ModelOptions()
            options.preTokenizer = name
            return try ModelFile(gguf, options: options).tokenizer()
        }
        #expect(try tokenizer("llama3").encode("xyz", addsBeginning: false) == [TinyTokenizer.whole])
        #expect(try tokenizer("gpt-2").encode("xyz", addsBeginning: false) == [120, 121, 122])
        let error = #expect(throws: ModelFileError.self) { try tokenizer("gpt-3") }
        #expect(error?.message.contains("gpt-3") == true && error?.message.contains("falcon3") == true)
    }

    @Test(arguments: [
        ("llama-bpe", true), ("llama3", true), ("llama-v3", true), ("falcon3", true), ("falcon_e", true),
        ("falcon-e", true), ("falcon-h1", true), ("qwen2", false), ("qwen35", false), ("gpt-2", false),
        ("default", false),
    ])
    func `names decide whether whole pieces and the beginning count`(_ name: String, _ isLlama3: Bool) throws
    {
        let tokenizer = try openModel(TinyTokenizer.builder(pre: name).bytes).tokenizer()
        let expected = isLlama3 ? [TinyTokenizer.whole] : [120, 121, 122]
        #expect(tokenizer.encode("xyz", addsBeginning: false) == expected)
        #expect(tokenizer.addsBeginning == isLlama3)
    }
}

@Suite struct DetokenizerTests {
    @Test func `characters appear when their last byte does`() throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        var detokenizer = Detokenizer(tokenizer)
        let pieces = "a🙂é".utf8.map { detokenizer.append(UInt32($0)) }
        #expect(pieces == ["a", "", "", "", "🙂", "", "é"])
        #expect(detokenizer.finish() == "")
    }

    @Test func `an unfinished character ends as a replacement`() throws {
        var detokenizer = Detokenizer(try TinyTokenizer.tokenizer())
        #expect(detokenizer.append(0xF0) == "")
        #expect(detokenizer.append(0x9F) == "")
        #expect(detokenizer.append(TinyTokenizer.eot) == "")
        #expect(detokenizer.append(97) == "\u{FFFD}a")
        #expect(detokenizer.append(0xE2) == "")
        #expect(detokenizer.finish() == "\u{FFFD}")
        #expect(detokenizer.finish() == "")
    }

    @Test func `any bytes give what decoding them at once gives`() throws {
        let tokenizer = try TinyTokenizer.tokenizer()
        var random = SeededGenerator(seed: 5)
        // Bytes that start, continue or break characters.
        let bytes: [UInt8] = [
            0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1,
            0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                bytes[Int.random(in: 0..<bytes.count, using: &random)]
            }
            #expect(tokenizer.decode(text.map(UInt32.init)) == String(decoding: text, as: UTF8.self))
        }
    }
}
