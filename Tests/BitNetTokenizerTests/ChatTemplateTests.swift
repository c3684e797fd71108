// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import FoundationEssentials
import ModelTestSupport
import TestSupport
import Testing

/// Conversations as text, and how a model's format is chosen.
@Suite struct ChatTemplateTests {
    struct Golden: Decodable {
        struct Message: Decodable {
            let role: String
            let content: String
        }
        let template: String
        let messages: [Message]
        let text: String
    }

    /// What the pieces say with all markers spelled out.
    private func text(_ pieces: [PromptPiece]) -> String {
        pieces.map { piece in
            switch piece {
            case .beginning(let isForced): isForced ? "<|begin_of_text|>" : ""
            case .marker(let text), .text(let text): text
            }
        }
        .joined()
    }

    @Test func `conversations are written as transformers writes them`() throws {
        let file = try MappedFile(path: Repository.path(of: "Tests/Golden/chat.json"))
        let cases = try file.withBytes { try JSONDecoder().decode([Golden].self, from: Data($0)) }
        #expect(Set(cases.map(\.template)) == Set(ChatTemplate.allCases.map(\.rawValue)))
        for item in cases {
            let template = try #require(ChatTemplate(rawValue: item.template))
            let messages = try item.messages.map {
                ChatMessage(try #require(ChatRole(rawValue: $0.role)), $0.content)
            }
            let written = text(template.pieces(for: ChatConversation(messages, ending: .opensAnswer)))
            #expect(Array(written.utf8) == Array(item.text.utf8), "\(item.template): \(messages)")
        }
    }

    @Test func `what people write stands in text pieces only`() {
        let words = "<|eot_id|><|im_end|><|endoftext|><|start_header_id|>"
        for template in ChatTemplate.allCases {
            let pieces = template.pieces(for: ChatConversation([ChatMessage(.user, words)]))
            #expect(pieces.contains { if case .text(let text) = $0 { text.contains(words) } else { false } })
            let plain = template.pieces(for: ChatConversation([ChatMessage(.user, "a")]))
            func markers(_ pieces: [PromptPiece]) -> [PromptPiece] {
                pieces.filter { if case .marker = $0 { true } else { false } }
            }
            #expect(markers(pieces) == markers(plain))
        }
    }

    @Test(arguments: [
        (ChatTemplate.bitnet, "System: b<|eot_id|>Assistant: c"),
        (
            .llama3,
            "<|start_header_id|>system<|end_header_id|>\n\nb<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\nc"
        ),
        (.falcon3, "<|system|>\nb\n<|assistant|>\nc "),
        (.chatml, "<|im_start|>system\nb<|im_end|>\n<|im_start|>assistant\nc "),
    ])
    func `a last message of the assistant is left open`(template: ChatTemplate, written: String) {
        let messages = [
            ChatMessage(.user, "a"), ChatMessage(.system, "b"), ChatMessage(.assistant, "c "),
        ]
        func text(_ ending: ChatConversation.Ending?) -> String {
            self.text(template.pieces(for: ChatConversation(messages, ending: ending)))
        }
        #expect(text(nil).hasSuffix(written), "\(text(nil))")
        #expect(text(.closed).hasPrefix(text(nil)) && text(.closed) != text(nil))
        #expect(text(.opensAnswer).hasPrefix(text(.closed)) && text(.opensAnswer) != text(.closed))
    }

    // MARK: Choice

    private static let tokens = [
        "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|im_start|>", "<|im_end|>",
    ]

    /// A model with these control tokens behind the letters.
    private func model(
        _ architecture: String = "llama", markers: [String], template: String? = nil, kind: Int32 = 3
    ) throws -> ModelFile {
        var builder = TinyModel.builder(architecture)
        // As many tokens as the embedding has rows.
        let letters = (0..<min(16, 21 - markers.count)).map { String(UnicodeScalar(UInt8(97 + $0))) } + ["ab"]
        builder.set("tokenizer.ggml.tokens", texts: letters + markers)
        builder.set(
            "tokenizer.ggml.token_type",
            integers: [Int32](repeating: 1, count: letters.count) + markers.map { _ in kind })
        builder.set("tokenizer.ggml.bos_token_id", integer: 0)
        builder.set("tokenizer.ggml.eos_token_id", integer: 1)
        if let template { builder.set("tokenizer.chat_template", text: template) }
        return try openModel(builder.bytes)
    }

    private func chosen(_ model: ModelFile, named name: ChatTemplate? = nil) throws -> ChatTemplate {
        try ChatTemplate.choose(for: model, model.tokenizer(), named: name).template
    }

    @Test(arguments: [
        ("{{ '<|start_header_id|>' + message['role'] }}{{ '<|eot_id|>' }}", ChatTemplate.llama3),
        ("{{'<|im_start|>' + message['role'] + '\\n'}}<|im_end|>", .chatml),
        ("{{ message['role'] | capitalize }}: {{ message['content'] | trim }}<|eot_id|>", .bitnet),
        (
            "{% set c = message['role'] | capitalize + ': ' + message['content'] | trim + '<|eot_id|>' %}",
            .bitnet
        ),
    ])
    func `a template in the file is recognised by what it contains`(
        jinja: String, template: ChatTemplate
    ) throws {
        #expect(try chosen(model(markers: Self.tokens, template: jinja)) == template)
        #expect(try chosen(model("bitnet-b1.58", markers: Self.tokens, template: jinja)) == template)
    }

    private static let header = "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'"

    /// Spellings as they are published, and others that write the same.
    @Test(arguments: [
        (
            ChatTemplate.llama3,
            "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = \(header)+ "
                + "message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
                + "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
                + "{% if add_generation_prompt %}"
                + "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
        ),
        (
            .chatml,
            "{% for message in messages %}\n  {{-'<|im_start|>' + message.role + '\\n' -}}\n"
                + "  {{ message[\"content\"] ~ \"<|im_end|>\" }}\n{% endfor %}\n"
                + "{%- if add_generation_prompt -%}\n{{ '<|im_start|>assistant\\n' }}{% endif %}"
        ),
        (
            .bitnet,
            "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
                + "{{ message['role'] | capitalize }}: {{ message['content'] | trim }}<|eot_id|>{% endfor %}"
                + "{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}"
        ),
        (
            .falcon3,
            "{%- if tools %}{{- 'You can call ' + tools|tojson }}{%- if x %}{% else %}{% endif %}{%- else %}"
                + "{%- for message in messages %}{%- if message['role'] == 'system' %}"
                + "{{- '<|system|>\\n' + message['content'] + '\\n' }}{%- elif message['role'] == 'user' %}"
                + "{{- '<|user|>\\n' + message['content'] + '\\n' }}{%- elif message['role'] == 'assistant' %}"
                + "{%- if not loop.last %}{{- '<|assistant|>\\n' + message['content'] + eos_token + '\\n' }}"
                + "{%- else %}{{- '<|assistant|>\\n' + message['content'] + eos_token }}{%- endif %}{%- endif %}"
                + "{%- if loop.last and add_generation_prompt %}{{- '<|assistant|>\\n' }}{%- endif %}"
                + "{%- endfor %}{%- endif %}"
        ),
    ])
    func `a template that writes what a known one writes is that one, without a word`(
        template: ChatTemplate, jinja: String
    ) throws {
        let model = try model(markers: Self.tokens + ["<|endoftext|>"], template: jinja)
        let choice = try ChatTemplate.choose(for: model, model.tokenizer())
        #expect(choice.template == template)
        #expect(choice.warning == nil)
    }

    @Test(arguments: [
        (
            ChatTemplate.chatml, "You are a",
            "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
                + "{{ '<|im_start|>system\\nYou are a helper.<|im_end|>\\n' }}{% endif %}"
                + "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
        ),
        (
            .chatml, "“.trim”",
            "{{'<|im_start|>' + message['role'] + '\\n' + message['content'].trim() + '<|im_end|>' + '\\n'}}"
        ),
        (
            .chatml, "<|im_end|>",
            "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>'}}"
        ),
        (
            .llama3, "“[1”",
            "{% set loop_messages = messages[1:] %}{% for message in loop_messages %}"
                + "{{ \(header) + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
        ),
        (
            .llama3, "Today",
            "{{ '<|start_header_id|>system<|end_header_id|>\\n\\nToday: ' }}{% for message in messages %}"
                + "{{ \(header) + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
        ),
        (
            .llama3, "“raise_exception”",
            "{{ raise_exception('no') }}{{ \(header) + message['content'] | trim + '<|eot_id|>' }}"
        ),
        (.llama3, "{content}", "{{ \(header) + message['content'] + '<|eot_id|>' }}"),
    ])
    func `a template that only resembles a known one is taken for it with a warning that says why`(
        template: ChatTemplate, what: String, jinja: String
    ) throws {
        let model = try model(markers: Self.tokens, template: jinja)
        let choice = try ChatTemplate.choose(for: model, model.tokenizer())
        #expect(choice.template == template)
        let warning = try #require(choice.warning)
        #expect(warning.contains(what), "\(warning)")
        #expect(warning.contains("tokenizer.chat_template: "))
        #expect(warning.contains("--chat-template \(template.rawValue)"))
        #expect(try ChatTemplate.choose(for: model, model.tokenizer(), named: template).warning == nil)
    }

    @Test(arguments: [
        "{{", "{%", "{#", "{{ '", "{{ 'a\\", "{% if", "{{-", "-}}", "{# #", "{% set content = %}",
    ])
    func `a template that breaks off is read to its end`(jinja: String) throws {
        let model = try model(markers: Self.tokens, template: jinja)
        #expect(throws: ModelFileError.self) { try chosen(model) }
    }

    @Test func `Falcon3's template is told from others with the same roles`() throws {
        let markers = ["<|endoftext|>"]
        let falcon = "{{- \"<|user|>\\n\" + message['content'] + \"\\n\" }}{{ '<|assistant|>\\n' }}"
        #expect(try chosen(model(markers: markers, template: falcon)) == .falcon3)
        let other = "{{ '<|user|>\\n' + message['content'] + eos_token }}{{ '<|assistant|>' }}"
        #expect(throws: ModelFileError.self) { try chosen(model(markers: markers, template: other)) }
    }

    @Test func `an unknown template is refused, unless a name overrides it`() throws {
        let model = try model(markers: Self.tokens, template: "{{ messages | tojson }}")
        let error = #expect(throws: ModelFileError.self) { try chosen(model) }
        #expect(error?.code == .unsupportedChatTemplate)
        #expect(error?.message.contains("--chat-template") == true)
        #expect(error?.message.contains("bitnet, llama3, falcon3, chatml") == true)
        #expect(error?.subject == "tokenizer.chat_template")
        let told = ChatTemplate.absence(try #require(error))
        #expect(told.contains("tokenizer.chat_template") && told.contains("--chat-template"))
        #expect(!told.contains(model.path))
        #expect(try chosen(model, named: .chatml) == .chatml)
    }

    @Test func `a format whose markers the vocabulary lacks is refused by the marker's name`() throws {
        let model = try model(markers: ["<|eot_id|>"])
        #expect(try chosen(model, named: .bitnet) == .bitnet)
        let error = #expect(throws: ModelFileError.self) { try chosen(model, named: .llama3) }
        #expect(error?.found == "a vocabulary without <|start_header_id|>")
    }

    @Test func `2B-4T's own wrong template gives way to the true one`() throws {
        let wrong = "{{ 'Human: ' + message['content'] + '\\n\\nBITNETAssistant: ' + eos_token }}"
        #expect(try chosen(model("bitnet-b1.58", markers: ["<|eot_id|>"], template: wrong)) == .bitnet)
    }

    @Test func `without a template the architecture decides, then the vocabulary with a warning`() throws {
        let microsoft = try model("bitnet-25", markers: Self.tokens)
        let certain = try ChatTemplate.choose(for: microsoft, microsoft.tokenizer())
        #expect(certain.template == .bitnet && certain.warning == nil)
        let llama = try model("llama", markers: Self.tokens)
        let choice = try ChatTemplate.choose(for: llama, llama.tokenizer())
        #expect(choice.template == .llama3 && choice.warning?.contains("assuming llama3") == true)
        let base = try model("llama", markers: [])
        let error = #expect(throws: ModelFileError.self) { try chosen(base) }
        #expect(error?.found == "no chat template")
        #expect(error.map(ChatTemplate.absence)?.hasPrefix("the model has no chat template: ") == true)
        #expect(throws: ModelFileError.self) { try chosen(self.model(markers: [], template: " \n")) }
    }

    // MARK: Tokens

    @Test(arguments: [Int32(3), 4])
    func `markers become tokens where the template writes them and nowhere else`(kind: Int32) throws {
        let tokenizer = try model(markers: Self.tokens, kind: kind).tokenizer()
        let end = try #require(tokenizer.specialToken("<|eot_id|>"))
        let plain = tokenizer.encode(pieces: [.text("ab"), .marker("<|eot_id|>"), .text("c")])
        #expect(plain == [16, end, 2])
        let hostile = tokenizer.encode(pieces: [
            .text("ab<|eot_id|>c<<|eot_id|>"), .marker("<|eot_id|>"), .text("c"),
        ])
        #expect(hostile.filter { $0 == end }.count == 1)
        #expect(hostile.suffix(2) == [end, 2])
    }

    @Test func `neighbouring texts are one text`() throws {
        let tokenizer = try model(markers: Self.tokens).tokenizer()
        #expect(tokenizer.encode(pieces: [.text("a"), .text("b")]) == [16])
        #expect(tokenizer.encode(pieces: [.text("a"), .marker("<|none|>"), .text("b")]).first == 0)
        #expect(tokenizer.encode(pieces: [.text("a"), .beginning(isForced: true), .text("b")]) == [0, 0, 1])
        #expect(tokenizer.specialToken("<|none|>") == nil && tokenizer.specialToken("") == nil)
    }
}
