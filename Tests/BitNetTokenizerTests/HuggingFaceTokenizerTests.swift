// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import Glibc
import ModelTestSupport
import TestSupport
import Testing

@Suite struct HuggingFaceTokenizerTests {
    private func error(
        _ change: (inout TinyTokenizerFile) -> Void, from file: TinyTokenizerFile = TinyTokenizerFile()
    ) -> ModelFileError? {
        var file = file
        change(&file)
        do throws(ModelFileError) {
            _ = try file.tokenizer()
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("", []), ("hello", [259]), (" hello", [260]), ("hell o", [258, 32, 111]), ("é", [263]),
            ("\u{0}\u{7F}", [0, 127]), ("a<user token>a", [97, 266, 97]),
        ] as [(String, [UInt32])])
    func `a tokenizer with byte pairs encodes and decodes`(_ text: String, _ expected: [UInt32]) throws {
        let tokenizer = try TinyTokenizerFile().tokenizer()
        #expect(tokenizer.encode(text, addsBeginning: false) == expected)
        #expect(tokenizer.decode(expected) == text)
        #expect(tokenizer.encode(text, addsBeginning: true) == [265] + expected)
    }

    @Test(
        arguments: [
            ("ab", [264]), ("a b", [263, 259, 261]), (" ab", [259, 264]), ("é", [259, 265]),
            ("ü", [259, 198, 191]),
        ] as [(String, [UInt32])])
    func `a tokenizer with merges of characters falls back to bytes`(
        _ text: String, _ expected: [UInt32]
    ) throws {
        let tokenizer = try TinyTokenizerFile.spaced.tokenizer()
        #expect(tokenizer.encode(text, addsBeginning: false) == expected)
        #expect(tokenizer.decode(expected) == text)
    }

    @Test func `merges may be pairs`() throws {
        var file = TinyTokenizerFile()
        file.merges = TinyTokenizer.merges.map { merge in
            "[\(merge.split(separator: " ").map { TinyTokenizerFile.quoted(String($0)) }.joined(separator: ","))]"
        }.joined(separator: ",")
        #expect(try file.tokenizer().encode("hello hello", addsBeginning: false) == [259, 260])
    }

    @Test func `control tokens are read only where they are asked for, and end a generation`() throws {
        let tokenizer = try TinyTokenizerFile().tokenizer(endTokens: [7])
        #expect(tokenizer.encode("a<|eot_id|>", addsBeginning: false, parsesSpecial: true) == [97, 264])
        #expect(!tokenizer.encode("a<|eot_id|>", addsBeginning: false).contains(264))
        #expect(tokenizer.stopTokens == [7, 264])
        #expect(tokenizer.isControl(264) && !tokenizer.isControl(266))
    }

    @Test(arguments: [#""<|begin|>""#, #"{"__type":"AddedToken","content":"<|begin|>"}"#])
    func `the configuration names the tokens around a text`(_ name: String) throws {
        var file = TinyTokenizerFile()
        file.postProcessor = "null"
        #expect(try file.tokenizer().beginningToken == nil)
        #expect(try file.tokenizer(beginningToken: 264).beginningToken == 264)
        #expect(try !file.tokenizer(beginningToken: 264).addsBeginning)
        file.configuration = #"{"bos_token":\#(name),"eos_token":"<|eot_id|>","add_bos_token":true}"#
        let tokenizer = try file.tokenizer()
        #expect(tokenizer.beginningToken == 265 && tokenizer.addsBeginning)
        #expect(tokenizer.stopTokens.contains(264))
        file.postProcessor = TinyTokenizerFile().postProcessor
        file.configuration = #"{"add_bos_token":false}"#
        #expect(try !file.tokenizer().addsBeginning)
    }

    @Test(
        arguments: [
            (#"{"chat_template":"{{ x }}"}"#, "{{ x }}"), (#"{"chat_template":null}"#, nil), ("{}", nil),
            (#"{"chat_template":[{"name":"tool","template":"a"},{"template":"b","name":"default"}]}"#, "b"),
        ] as [(String, String?)])
    func `the chat template is a text or the default of a list`(_ text: String, _ expected: String?) throws {
        let template = try Array(text.utf8).withUnsafeBytes { bytes throws(ModelFileError) in
            try TokenizerConfiguration(bytes, file: "tokenizer_config.json").chatTemplate
        }
        #expect(template == expected)
    }

    @Test func `an added token may take the spaces around it`() throws {
        var file = TinyTokenizerFile()
        #expect(
            try file.tokenizer().encode("a <user token> a", addsBeginning: false) == [97, 32, 266, 32, 97])
        file.added = file.added.replacing(#""special":false"#, with: #""lstrip":true,"rstrip":true"#)
        #expect(try file.tokenizer().encode("a <user token> a", addsBeginning: false) == [97, 266, 97])
    }

    @Test(arguments: ["llama", "microsoft", "onebit"])
    func `a model's directory gives tokenizer and chat template`(_ family: String) throws {
        let model = try ModelFile(path: Repository.path(of: "Tests/Golden/families/\(family)"))
        let tokenizer = try model.tokenizer()
        #expect(tokenizer.decode(tokenizer.encode("the owl, 12", addsBeginning: false)) == "the owl, 12")
        #expect(tokenizer.beginningToken != nil)
        let end = tokenizer.encode("<|eot_id|>", addsBeginning: false, parsesSpecial: true)
        #expect(end.count == 1 && tokenizer.stopTokens.isSuperset(of: end))
        #expect(model.chatTemplate?.text.contains("<|eot_id|>") == true)
    }

    @Test func `a chat template of its own file goes before those in other files`() throws {
        let directory = try TemporaryFolder()
        let family = Repository.path(of: "Tests/Golden/families/llama")
        for name in FileSystem.entries(of: family) {
            _ = try MappedFile(path: "\(family)/\(name)").withBytes { try directory.write($0, to: name) }
        }
        func template() throws -> EmbeddedChatTemplate? { try ModelFile(path: directory.path).chatTemplate }
        #expect(try template()?.file.hasSuffix("/tokenizer_config.json") == true)
        _ = try directory.write(#"{"chat_template":"{{ a }}"}"#, to: "chat_template.json")
        #expect(try template()?.text == "{{ a }}")
        _ = try directory.write("{{ b }}", to: "chat_template.jinja")
        #expect(try template()?.text == "{{ b }}" && template()?.key == nil)
        _ = try directory.write([0xFF], to: "chat_template.jinja")
        #expect(throws: ModelFileError.self) { try template() }
    }

    @Test func `of several templates one is for conversations with tools`() throws {
        let directory = try TemporaryFolder()
        let family = Repository.path(of: "Tests/Golden/families/llama")
        for name in FileSystem.entries(of: family) where name != "tokenizer_config.json" {
            _ = try MappedFile(path: "\(family)/\(name)").withBytes { try directory.write($0, to: name) }
        }
        func templates() throws -> [String?] {
            let model = try ModelFile(path: directory.path)
            return [model.chatTemplate?.text, model.toolTemplate?.text]
        }
        let named =
            #"[{"name":"tool_use","template":"t"},{"name":"rag","template":"r"},{"name":"default","template":"d"}]"#
        _ = try directory.write(#"{"chat_template":\#(named)}"#, to: "tokenizer_config.json")
        #expect(try templates() == ["d", "t"])
        // A file of its own takes the place of all of them.
        _ = try directory.write("e", to: "chat_template.jinja")
        #expect(try templates() == ["e", nil])
        #expect(mkdir(directory.path(of: "additional_chat_templates"), 0o700) == 0)
        _ = try directory.write("u", to: "additional_chat_templates/tool_use.jinja")
        #expect(try templates() == ["e", "u"])
    }

    @Test func `ids without a token are unused`() throws {
        var file = TinyTokenizerFile()
        file.added = file.added.replacing("266", with: "280")
        let tokenizer = try file.tokenizer()
        #expect(tokenizer.count == 281)
        #expect(tokenizer.bytes(of: 270).isEmpty)
        #expect(tokenizer.encode("<user token>", addsBeginning: false) == [280])
    }

    @Test(arguments: [
        ("id", #""h":104"#, #""h":300"#), ("id", #""h":104"#, #""h":-1"#),
        ("again", #""h":104"#, #""h":105"#),
        ("a number", #""h":104"#, #""h":"x""#), ("id 300", #""id":264"#, #""id":300"#),
        ("again", #""id":264"#, #""id":265"#), ("again", #""<|eot_id|>""#, #""h""#),
        ("“h”", #""id":264"#, #""id":104"#), ("without id", #""id":264"#, #""x":264"#),
        ("lacks", #""h e""#, #""h hhh""#), ("lacks", #""h e""#, #""e h""#),
        ("two tokens", #""h e""#, #""he""#), ("two tokens", #""h e""#, #""h e l""#),
        ("two tokens", #""h e""#, #"["h"]"#), ("two tokens", #""h e""#, #"["h","e","l"]"#),
        ("two tokens", #""h e""#, #"["","e"]"#), ("single_word", #""special":true"#, #""single_word":true"#),
    ])
    func `a damaged file is refused with its fault`(_ fault: String, _ old: String, _ new: String) throws {
        let text = TinyTokenizerFile().text
        try #require(text.contains(old))
        let error = #expect(throws: ModelFileError.self) {
            _ = try TinyTokenizerFile.read(Array(text.replacing(old, with: new, maxReplacements: 1).utf8))
        }
        #expect(error?.message.contains(fault) == true, "\(error?.message ?? "")")
    }

    @Test func `other kinds of tokenizer are refused by name`() {
        #expect(error { $0.type = "Unigram" }?.message.contains("Unigram") == true)
        #expect(error { $0.type = "WordPiece" }?.message.contains("WordPiece") == true)
        #expect(error { $0.normalizer = #"{"type":"NFKC"}"# }?.message.contains("NFKC") == true)
        #expect(error { $0.preTokenizer = #"{"type":"Whitespace"}"# }?.message.contains("Whitespace") == true)
        #expect(error { $0.preTokenizer = TinyTokenizerFile.byteLevel } != nil)
        let expression = #"{"type":"Split","pattern":{"Regex":"[a-z]+|."},"behavior":"Isolated"}"#
        let other = #"{"type":"Sequence","pretokenizers":[\#(expression),\#(TinyTokenizerFile.byteLevel)]}"#
        #expect(error { $0.preTokenizer = other }?.message.contains("[a-z]+|.") == true)
        #expect(error { $0.options = #""dropout":0.1"# }?.message.contains("dropout") == true)
        let ending = #",{"SpecialToken":{"id":"<|begin|>","type_id":0}}"#
        #expect(error { $0.postProcessor = TinyTokenizerFile.template("", ending) } != nil)
        #expect(
            error(
                { $0.preTokenizer = #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}"# },
                from: .spaced)?.message.contains("Metaspace") == true)
    }

    @Test func `a person may name the rules instead`() throws {
        var file = TinyTokenizerFile()
        file.preTokenizer = TinyTokenizerFile.byteLevel
        #expect(try file.tokenizer(named: "llama-bpe").encode(" hello", addsBeginning: false) == [260])
        #expect(throws: ModelFileError.self) { try file.tokenizer(named: "no such rules") }
    }

    @Test func `a component may have so many values and no more`() {
        let values = { (count: Int) in "[\([String](repeating: "0", count: count).joined(separator: ","))]" }
        // The object, its type and the list count too.
        let limit = Limits.tokenizerComponentValuesMax - 3
        let decoder = { (count: Int) in #"{"type":"ByteLevel","x":\#(values(count))}"# }
        #expect(error { $0.postProcessor = decoder(limit) } == nil)
        #expect(error { $0.postProcessor = decoder(limit + 1) }?.message.contains("at most") == true)
    }

    @Test(arguments: [TinyTokenizerFile().text, TinyTokenizerFile.spaced.text])
    func `changed bytes give a tokenizer or an error, never a trap`(_ text: String) {
        var mutator = Mutator(seed: 0x70CE, words: "\"{}[],:0123456789-<>▁ ".map(String.init))
        let original = Array(text.utf8)
        var opened = 0
        for _ in 0..<3000 {
            let bytes = mutator.mutate(original)
            do throws(ModelFileError) {
                let tokenizer = try TinyTokenizerFile.read(bytes)
                opened += 1
                let tokens = tokenizer.encode(
                    "hello a\u{301}b <|eot_id|>'s 123", addsBeginning: true, parsesSpecial: true)
                #expect(tokens.allSatisfy { $0 < tokenizer.count })
                _ = tokenizer.decode(tokens)
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
        // Both outcomes occur, so that the test reaches what it is for.
        #expect((1..<3000).contains(opened), "\(opened)")
    }
}
