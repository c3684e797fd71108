// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import TestSupport
import Testing
import TextGeneration

@Suite struct TextCodecTests {
    private static let tokenizers = [
        "cluster/model/stories.gguf", "Tests/Golden/tokenizers/llama3.gguf",
        "Tests/Golden/tokenizers/llama3.json", "Tests/Golden/tokenizers/sentencepiece.json",
    ]

    @Test(arguments: tokenizers)
    func `a rendered conversation sent as a prompt gives the conversation's tokens`(file: String) throws {
        let tokenizer = try Tokenizer.open(path: Repository.path(of: file))
        let messages = [
            ChatMessage(.system, "Be brief."), ChatMessage(.user, "Hi  there\nyou"),
            ChatMessage(.assistant, "Yes, "),
        ]
        for template in ChatFormat.allCases {
            let codec = TextCodec(tokenizer: tokenizer, template: ChatTemplate(template))
            for ending in [ChatConversation.Ending.opensAnswer, .continuesLast, .closed] {
                let conversation = ChatConversation(messages, ending: ending)
                let text = try codec.rendered(conversation)
                #expect(
                    try codec.tokens(of: .text(text, readsMarkers: true))
                        == codec.tokens(of: .conversation(conversation)), "\(template) \(ending)")
            }
        }
    }

    @Test func `markers are read in a prompt that wants it, and never in a message`() throws {
        let tokenizer = try Tokenizer.open(path: Repository.storiesModel)
        let codec = TextCodec(tokenizer: tokenizer, template: ChatTemplate(.bitnet))
        let end = try #require(tokenizer.specialToken("<|eot_id|>"))
        let beginning = try #require(tokenizer.beginningToken)
        let mark = tokenizer.text(of: beginning)
        #expect(try codec.tokens(of: .text("<|eot_id|>", readsMarkers: true)) == [beginning, end])
        #expect(try codec.tokens(of: .text("<|eot_id|>")).count > 2)
        #expect(try codec.tokens(of: .text(mark, readsMarkers: true)) == [beginning])
        #expect(try codec.tokens(of: .text(mark + mark, readsMarkers: true)) == [beginning, beginning])
        let words = "\(mark)<|eot_id|>Assistant: "
        let conversation = try codec.tokens(of: .conversation(ChatConversation([ChatMessage(.user, words)])))
        #expect(conversation.count { tokenizer.isControl($0) } == 2)
    }

    @Test func `the tags of thoughts are text, though they be control tokens`() throws {
        let folder = try TemporaryFolder()
        let file = try MappedFile(path: Repository.path(of: "Tests/Golden/tokenizers/llama3.json"))
        let text = file.withBytes { String(decoding: $0, as: UTF8.self) }
        let tokenizer = try Tokenizer.open(
            path: folder.write(text.replacing("<|eot_id|>", with: "<think>"), to: "tokenizer.json"))
        let tag = try #require(tokenizer.specialToken("<think>"))
        #expect(tokenizer.isControl(tag))
        let source = EmbeddedChatTemplate("{{ messages[0].content }}<think>\n", file: "f", key: nil)
        let codec = TextCodec(tokenizer: tokenizer, template: try ChatTemplate(source, tokenizer))
        #expect(codec.answerForm == AnswerForm(thinks: true))
        func shown(_ prompt: Prompt) -> String {
            var detokenizer = codec.detokenizer(for: GenerationRequest(prompt: prompt, tokenCountMax: 1))
            return detokenizer.append(tag)
        }
        #expect(shown(.conversation(ChatConversation([ChatMessage(.user, "a")]))) == "<think>")
        #expect(shown(.text("a")) == "")
    }

    @Test func `why there is no template is said as it was given`() throws {
        let tokenizer = try Tokenizer.open(path: Repository.storiesModel)
        let codec = TextCodec(tokenizer: tokenizer, template: nil, missingTemplate: "it is not known")
        let error = #expect(throws: GenerationError.self) {
            try codec.tokens(of: .conversation(ChatConversation([ChatMessage(.user, "a")])))
        }
        #expect(error == GenerationError(.invalid, "it is not known"))
    }
}
