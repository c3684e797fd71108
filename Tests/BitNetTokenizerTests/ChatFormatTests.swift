// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetTokenizer
import FoundationEssentials
import TestSupport
import Testing

/// Conversations as the known formats write them.
@Suite struct ChatFormatTests {
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
        #expect(Set(cases.map(\.template)) == Set(ChatFormat.allCases.map(\.rawValue)))
        for item in cases {
            let template = try #require(ChatFormat(rawValue: item.template))
            let messages = try item.messages.map {
                ChatMessage(try #require(ChatRole(rawValue: $0.role)), $0.content)
            }
            let written = text(template.pieces(for: ChatConversation(messages, ending: .opensAnswer)))
            #expect(Array(written.utf8) == Array(item.text.utf8), "\(item.template): \(messages)")
        }
    }

    @Test func `what people write stands in text pieces only`() {
        let words = "<|eot_id|><|im_end|><|endoftext|><|start_header_id|>"
        for template in ChatFormat.allCases {
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
        (ChatFormat.bitnet, "System: b<|eot_id|>Assistant: c"),
        (
            .llama3,
            "<|start_header_id|>system<|end_header_id|>\n\nb<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\nc"
        ),
        (.falcon3, "<|system|>\nb\n<|assistant|>\nc "),
        (.chatml, "<|im_start|>system\nb<|im_end|>\n<|im_start|>assistant\nc "),
    ])
    func `a last message of the assistant is left open`(template: ChatFormat, written: String) {
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
}
