// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import TestSupport
import Testing

/// Conversations through the whole path, from what a client sends to text and tokens, as Transformers has them
/// (Tests/Checks/Jinja).
@Suite struct GoldenPromptTests {
    private static func tokenizer(_ family: String) throws -> Tokenizer {
        try Tokenizer.open(path: Repository.path(of: "Tests/Golden/tokenizers/\(family).json"))
    }

    private static func document(_ name: String) throws -> JSONValue {
        let file = try MappedFile(path: Repository.path(of: "Tests/Golden/\(name)"))
        return try file.withBytes { bytes throws(JSONError) in
            var json = JSONReader<JSONError>(bytes, file: name)
            return try json.readValue()
        }
    }

    private func template(_ source: String, _ tokenizer: Tokenizer) -> ChatTemplate? {
        try? ChatTemplate(EmbeddedChatTemplate(source, file: "t.jinja", key: nil), tokenizer)
    }

    private func pieces(_ template: ChatTemplate?, _ conversation: ChatConversation) -> [PromptPiece]? {
        try? template?.pieces(for: conversation) { format in
            ["%d %b %Y": "26 Jul 2024", "%Y-%m-%d": "2024-07-26"][format]
        }
    }

    private func text(_ pieces: [PromptPiece]) -> String {
        pieces.reduce(into: "") { text, piece in
            switch piece {
            case .beginning: break
            case .marker(let more), .text(let more): text += more
            }
        }
    }

    @Test func `templates as they are published write what Python's Jinja writes`() throws {
        // Without markers of the templates' own: what people write stays as it is in the midst of it, too.
        let tokenizer = try Self.tokenizer("gpt2")
        let document = try Self.document("jinja.json")
        let templates = document["templates"]?.elements.compactMap(\.text) ?? []
        let conversations = (document["contexts"]?.elements ?? []).map(ChatConversation.init(golden:))
        var read: [Int: ChatTemplate?] = [:]
        var (count, reorderedCount) = (0, 0)
        for example in document["cases"]?.elements ?? [] {
            let parts = example.elements
            guard case .integer(let place)? = parts.first,
                case .integer(let number)? = parts.dropFirst().first,
                let conversation = conversations[number]
            else { continue }
            let template = read[place] ?? template(templates[place], tokenizer)
            read[place] = .some(template)
            let written = pieces(template, conversation).map(text)
            let (found, expected) = (written.map { Array($0.utf8) }, parts.last?.text.map { Array($0.utf8) })
            // A call that is written whole has its keys in the order in which clients send them, not in the file's.
            if found != expected, conversation.messages.contains(where: { !$0.toolCalls.isEmpty }),
                found?.sorted() == expected?.sorted()
            {
                reorderedCount += 1
            } else {
                #expect(
                    found == expected,
                    "template \(place), conversation \(number): \(written ?? "an error")")
            }
            count += 1
        }
        #expect(reorderedCount == 3)
        #expect(read.count >= 60 && count > 900, "\(read.count) templates, \(count) cases")
    }

    @Test func `conversations have the tokens that Transformers gives them`() throws {
        let tokenizer = try Self.tokenizer("qwen2")
        let document = try Self.document("prompts.json")
        let conversations = try (document["conversations"]?.elements ?? []).map {
            try #require(ChatConversation(golden: $0))
        }
        var read: [Int: ChatTemplate] = [:]
        let cases = document["cases"]?.elements ?? []
        #expect(cases.count > 80)
        for example in cases {
            guard case .integer(let place)? = example["template"],
                case .integer(let number)? = example["conversation"]
            else { throw Unreadable() }
            let source = try #require(document["templates"]?["\(place)"]?.text)
            let template = try #require(read[place] ?? template(source, tokenizer))
            read[place] = template
            // Parts become one text for a template that knows none.
            let hasParts = conversations[number].messages.contains {
                if case .parts = $0.content { true } else { false }
            }
            guard !hasParts || template.traits.takesParts else { continue }
            let pieces = pieces(template, conversations[number])
            guard let expected = example["text"]?.text else {
                #expect(pieces == nil, "template \(place), conversation \(number)")
                continue
            }
            let found = try #require(pieces, "template \(place), conversation \(number)")
            #expect(
                Array(text(found).utf8) == Array(expected.utf8),
                "template \(place), conversation \(number): \(text(found))")
            let tokens = tokenizer.encode(pieces: found).map { JSONValue.integer(Int($0)) }
            #expect(tokens == example["ids"]?.elements, "template \(place), conversation \(number)")
        }
    }
}

private struct Unreadable: Error {}

extension JSONValue {
    fileprivate var elements: [JSONValue] { if case .list(let elements) = self { elements } else { [] } }
    fileprivate var text: String? { if case .text(let text) = self { text } else { nil } }
    fileprivate var isTrue: Bool { self == .flag(true) }
}

extension ChatConversation {
    /// A golden file's conversation; `nil` for one that no client could send.
    fileprivate init?(golden: JSONValue) {
        guard case .object(let members) = golden, golden["tools"] != .list([]) else { return nil }
        var messages: [ChatMessage] = []
        for message in golden["messages"]?.elements ?? [] {
            guard let message = ChatMessage(golden: message) else { return nil }
            messages.append(message)
        }
        let opens = golden["add_generation_prompt"] != .flag(false)
        self.init(
            messages,
            ending: golden["continue_final_message"]?.isTrue == true
                ? .continuesLast : opens ? .opensAnswer : .closed)
        tools = golden["tools"]?.elements ?? []
        let fields = [
            "messages", "tools", "documents", "add_generation_prompt", "continue_final_message",
        ]
        for (name, value) in members where !fields.contains(name) { templateArguments[name] = value }
    }
}

extension ChatMessage {
    fileprivate init?(golden: JSONValue) {
        guard let role = golden["role"]?.text.flatMap(ChatRole.init(rawValue:)) else { return nil }
        switch golden["content"] {
        case .text(let text): self.init(role, text)
        case .list(let parts):
            guard parts.allSatisfy({ $0["text"]?.text != nil }) else { return nil }
            self.init(role, .parts(parts.compactMap { $0["text"]?.text }))
        default: return nil
        }
        reasoning = golden["reasoning_content"]?.text
        toolCallID = golden["tool_call_id"]?.text
        name = golden["name"]?.text
        for call in golden["tool_calls"]?.elements ?? [] {
            guard let function = call["function"], let name = function["name"]?.text,
                case .object? = function["arguments"]
            else { return nil }
            toolCalls.append(
                ToolCall(
                    id: call["id"]?.text, name: name, arguments: function["arguments"] ?? .object([])))
        }
    }
}
