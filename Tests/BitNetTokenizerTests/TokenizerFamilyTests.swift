// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

/// Ids of Hugging Face's library for texts of many scripts, with small vocabularies of every family
/// (Tests/Checks/Reference/tokenizers).
@Suite struct TokenizerFamilyTests {
    static let families = ["llama3", "gpt2", "four-pass", "falcon3", "sentencepiece", "qwen2", "qwen35"]

    static func open(_ name: String) throws -> Tokenizer {
        try Tokenizer.open(path: Repository.path(of: "Tests/Golden/tokenizers/\(name)"))
    }

    static func golden(_ family: String) throws -> GoldenTokens {
        try GoldenTokens.read("tokenizers/\(family).ids.json")
    }

    @Test(arguments: families, ["json", "gguf"])
    func `tokens are those of Hugging Face`(_ family: String, _ form: String) throws {
        let golden = try Self.golden(family)
        let tokenizer = try Self.open("\(family).\(form)")
        #expect(golden.plain.count > 400 && golden.withSpecials.count > 40)
        for item in golden.plain {
            let tokens = tokenizer.encode(item.text, addsBeginning: false)
            #expect(tokens == Self.ids(item, form), "\(item.text.debugDescription)")
        }
        for item in golden.withSpecials {
            let tokens = tokenizer.encode(item.text, addsBeginning: false, parsesSpecial: true)
            #expect(tokens == Self.ids(item, form), "\(item.text.debugDescription)")
        }
    }

    private static func ids(_ item: GoldenTokens.Case, _ form: String) -> [UInt32] {
        form == "gguf" ? item.raw ?? item.ids : item.ids
    }

    @Test(arguments: families, ["json", "gguf"])
    func `tokens become the text again`(_ family: String, _ form: String) throws {
        let tokenizer = try Self.open("\(family).\(form)")
        for item in try Self.golden(family).plain where form == "gguf" || item.raw == nil {
            let text = tokenizer.decode(tokenizer.encode(item.text, addsBeginning: false))
            #expect(Array(text.utf8) == Array(item.text.utf8), "\(item.text.debugDescription)")
        }
    }

    /// What Hugging Face's normalizer makes of them.
    @Test(arguments: [
        ("e\u{301}", "\u{E9}"), ("\u{212B}\u{1100}\u{1161}\u{11A8}", "\u{C5}\u{AC01}"),
        ("\u{958}", "\u{915}\u{93C}"), ("a\u{323}\u{302}", "\u{1EAD}"), ("a\u{302}\u{323}", "\u{1EAD}"),
        // A mark of Unicode 11 is none yet.
        ("a\u{7FD}\u{301}", "a\u{7FD}\u{301}"), ("a\u{301}\u{7FD}", "\u{E1}\u{7FD}"),
        ("\u{1141}\u{33E}\u{F73}", "\u{1141}\u{F71}\u{F72}\u{33E}"), ("plain \u{AD}", "plain \u{AD}"),
    ])
    func `characters are composed where tokenizer.json says so`(text: String, composed: String) throws {
        let composing = try Self.open("qwen2.json")
        #expect(
            composing.decode(composing.encode(text, addsBeginning: false)).utf8.elementsEqual(composed.utf8))
        let gguf = try Self.open("qwen2.gguf")
        #expect(gguf.decode(gguf.encode(text, addsBeginning: false)).utf8.elementsEqual(text.utf8))
    }

    @Test(arguments: families)
    func `both forms of a tokenizer say the same`(_ family: String) throws {
        let (json, gguf) = (try Self.open("\(family).json"), try Self.open("\(family).gguf"))
        #expect(json.count == gguf.count)
        #expect(json.addsBeginning == gguf.addsBeginning)
        // Without a template or a configuration, tokenizer.json names no beginning.
        if json.addsBeginning { #expect(json.beginningToken == gguf.beginningToken) }
        for token in 0..<UInt32(json.count) {
            #expect(json.bytes(of: token) == gguf.bytes(of: token), "token \(token)")
            #expect(json.isControl(token) == gguf.isControl(token), "token \(token)")
        }
    }
}
