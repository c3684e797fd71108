// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

@Suite struct CompletionTests {
    @Test func `a completion in one piece`() async throws {
        let generator = ScriptedGenerator()
        let reply = try await InProcess(generator).post("/v1/completions", #"{"prompt":"Once"}"#)
        #expect(
            reply.body
                == #"{"choices":[{"finish_reason":"stop","index":0,"logprobs":null,"text":"Hello world"}],"created":0,"id":"cmpl-r","model":"tiny","object":"text_completion","system_fingerprint":"fp_0123456789ab","usage":{"completion_tokens":2,"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":1},"total_tokens":7}}"#
        )
        let request = try #require(generator.requests.first)
        #expect(request.prompt == .text("Once", readsMarkers: true))
        #expect(request.tokenCountMax == 16)
        #expect(!request.scoresPrompt)
    }

    @Test func `a streamed completion, byte for byte`() async throws {
        let reply = try await InProcess(ScriptedGenerator()).post(
            "/v1/completions", #"{"prompt":"Once","stream":true,"echo":true}"#)
        func event(_ text: String, _ finish: String = "null") -> String {
            #"data: {"choices":[{"finish_reason":\#(finish),"index":0,"logprobs":null,"text":"\#(text)"}],"created":0,"id":"cmpl-r","model":"tiny","object":"text_completion","system_fingerprint":"fp_0123456789ab"}"#
                + "\n\n"
        }
        #expect(
            reply.body
                == event("Once") + event("Hello") + event(" world") + event("", #""stop""#)
                + "data: [DONE]\n\n")
    }

    @Test func `a special token that a prompt names has its name's length in an echo`() async throws {
        let reply = try await InProcess(ScriptedGenerator(.texts(["x"]))).post(
            "/v1/completions", #"{"prompt":"a</s>b","echo":true,"logprobs":0,"max_tokens":1}"#)
        #expect(reply.body.contains(#""text_offset":[0,0,1,5,6]"#), "\(reply.body)")
        #expect(reply.body.contains(#""text":"a</s>bx""#))
    }

    @Test(arguments: [
        (#""a""#, [Prompt.text("a", readsMarkers: true)]),
        (#"["a","b"]"#, [.text("a", readsMarkers: true), .text("b", readsMarkers: true)]),
        ("[1,2,3]", [.tokens([1, 2, 3])]),
        ("[[1],[2,3]]", [.tokens([1]), .tokens([2, 3])]),
    ]) func `prompts of every form`(_ written: String, _ prompts: [Prompt]) async throws {
        let generator = ScriptedGenerator()
        let reply = try await InProcess(generator).post(
            "/v1/completions", #"{"prompt":\#(written),"n":2,"seed":7}"#)
        #expect(reply.status == 200, "\(reply.body)")
        #expect(generator.requests.map(\.prompt) == prompts.flatMap { [$0, $0] })
        #expect(generator.requests.map(\.sampling.seed) == prompts.flatMap { _ in [7, 8] as [UInt64] })
        let choices = try #require(try reply.json["choices"] as? [[String: Any]])
        #expect(choices.map { $0["index"] as? Int } == Array(0..<prompts.count * 2))
        let usage = try #require(try reply.json["usage"] as? [String: Any])
        let cached = try #require(usage["prompt_tokens_details"] as? [String: Any])
        #expect(cached["cached_tokens"] as? Int == prompts.count)
        let promptTokens = prompts.reduce(0) { sum, prompt in
            if case .tokens(let tokens) = prompt { sum + tokens.count } else { sum + 2 }
        }
        #expect(usage["prompt_tokens"] as? Int == promptTokens)
    }

    @Test func `an echo has the scores of its prompt, as evaluation harnesses read them`() async throws {
        let generator = ScriptedGenerator(.bytes("xyz"))
        // "a", "é" in two tokens, "b".
        let reply = try await InProcess(generator).post(
            "/v1/completions",
            #"{"model":"tiny","prompt":[[97,195,169,98]],"temperature":0,"max_tokens":1,"logprobs":1,"seed":1234,"echo":true}"#
        )
        #expect(reply.status == 200, "\(reply.body)")
        #expect(
            reply.body.contains(
                #""logprobs":{"text_offset":[0,1,2,2,3],"token_logprobs":[null,-0.25,-0.25,-0.25,-0.5],"tokens":["a","bytes:\\xc3","bytes:\\xa9","b","x"],"top_logprobs":[null,{"bytes:\\xc3":-0.25},{"bytes:\\xa9":-0.25},{"b":-0.25},{"x":-0.5}]},"text":"aébx""#
            ), "\(reply.body)")
        let request = try #require(generator.requests.first)
        #expect(request.scoresPrompt)
        #expect(request.ignoresStopTokens)
        #expect(request.tokenCountMax == 1)
        #expect(request.sampling.alternativeCount == 1)
    }

    @Test func `a text's beginning is a token without a place in the echo`() async throws {
        let reply = try await InProcess(ScriptedGenerator(.bytes("x"))).post(
            "/v1/completions", #"{"prompt":"ab","max_tokens":1,"logprobs":0,"echo":true}"#)
        #expect(
            reply.body.contains(
                #""text_offset":[0,0,1,2],"token_logprobs":[null,-0.25,-0.25,-0.5],"tokens":["<s>","a","b","x"],"top_logprobs":[null,{"a":-0.25},{"b":-0.25},{"x":-0.5}]},"text":"abx""#
            ), "\(reply.body)")
    }

    @Test func `an echo without anything to write is the prompt and its scores`() async throws {
        let generator = ScriptedGenerator(.bytes("xyz"), finish: .length)
        let reply = try await InProcess(generator).post(
            "/v1/completions", #"{"prompt":"ab","max_tokens":0,"logprobs":2,"echo":true}"#)
        #expect(reply.body.contains(#""tokens":["<s>","a","b"]"#), "\(reply.body)")
        #expect(reply.body.contains(#"{"a":-0.25,"b":-1.25}"#))
        #expect(reply.body.contains(#""finish_reason":"length""#))
        #expect(generator.requests.first?.tokenCountMax == 0)
        let stream = try await InProcess(generator).post(
            "/v1/completions", #"{"prompt":"ab","max_tokens":0,"logprobs":2,"echo":true,"stream":true}"#)
        #expect(stream.body.contains(#""tokens":["<s>","a","b"]"#))
        #expect(stream.body.contains(#""text":"ab""#))
    }

    @Test func `of two tokens with one text the more probable one stays in the map`() async throws {
        let generator = WordGenerator(word: "same")
        let reply = try await InProcess(generator).post(
            "/v1/completions", #"{"prompt":"a","max_tokens":1,"logprobs":3,"echo":true}"#)
        #expect(
            reply.body.contains(#""top_logprobs":[null,{"same":-0.25},{"same":-0.5}]"#), "\(reply.body)")
    }

    @Test func `keys of the map stay as they are`() async throws {
        let reply = try await InProcess(WordGenerator()).post(
            "/v1/completions", #"{"prompt":"ab","max_tokens":1,"logprobs":1}"#)
        #expect(reply.body.contains(#"{"camelCase_Word":-0.5}"#), "\(reply.body)")
    }
}

/// Every token of it has the same text.
private final class WordGenerator: TextGenerator {
    private let scripted = ScriptedGenerator(.bytes("x"))
    private let word: String

    init(word: String = "camelCase_Word") { self.word = word }

    var model: ServedModel { scripted.model }
    var health: ServiceHealth { scripted.health }
    var fingerprint: String? { "fp_0123456789ab" }

    func generate(_ requests: [GenerationRequest]) -> [GenerationEvents] { requests.map(generate) }
    func generate(_ request: GenerationRequest) -> GenerationEvents {
        scripted.generate(request)
    }
    func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] { try scripted.tokens(of: prompt) }
    func tokens(ofText text: String, readsMarkers: Bool) -> [UInt32] {
        scripted.tokens(ofText: text, readsMarkers: readsMarkers)
    }
    func rendered(_ conversation: ChatConversation) throws(GenerationError) -> String {
        try scripted.rendered(conversation)
    }
    func text(of tokens: [UInt32]) throws(GenerationError) -> String { try scripted.text(of: tokens) }
    func bytes(of token: UInt32) -> [UInt8] { Array(word.utf8) }
}
