// SPDX-License-Identifier: MIT
import BitNetCore
import Hummingbird
import Synchronization
import Testing

private let hello = #""messages":[{"role":"user","content":"Hi"}]"#

/// A chat request with more fields.
private func chat(_ fields: String = "") -> String { "{\(hello)\(fields.isEmpty ? "" : ",")\(fields)}" }

extension InProcess {
    /// Sends a request named `r`, and hides when it was.
    func post(_ path: String, _ body: String) async throws -> Reply {
        var headers = HTTPFields()
        headers[RequestIDField.name] = "r"
        var reply = try await send(.post, path, body, headers: headers)
        reply.body.replace(/"created":[0-9]+/, with: #""created":0"#)
        return reply
    }
}

@Suite struct ChatTests {
    @Test func `an answer in one piece`() async throws {
        let generator = ScriptedGenerator()
        let reply = try await InProcess(generator).post("/v1/chat/completions", chat())
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "application/json")
        #expect(
            reply.body
                == #"{"choices":[{"finish_reason":"stop","index":0,"logprobs":null,"message":{"content":"Hello world","refusal":null,"role":"assistant"}}],"created":0,"id":"chatcmpl-r","model":"tiny","object":"chat.completion","system_fingerprint":"fp_0123456789ab","usage":{"completion_tokens":2,"prompt_tokens":20,"prompt_tokens_details":{"cached_tokens":1},"total_tokens":22}}"#
        )
        let request = try #require(generator.requests.first)
        #expect(request.id == "r")
        #expect(request.prompt == .conversation(ChatConversation([ChatMessage(.user, "Hi")])))
        #expect(request.tokenCountMax == 256)
        #expect(request.sampling.temperature == 1)
        #expect(!request.sampling.wantsLogProbabilities)
    }

    @Test func `a streamed answer, byte for byte`() async throws {
        let generator = ScriptedGenerator(.texts(["Hello", "", " world"]))
        let reply = try await InProcess(generator).post(
            "/v1/chat/completions", chat(#""stream":true,"stream_options":{"include_usage":true}"#))
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "text/event-stream")
        let end =
            #""created":0,"id":"chatcmpl-r","model":"tiny","object":"chat.completion.chunk","#
            + #""system_fingerprint":"fp_0123456789ab","usage":"#
        func event(_ delta: String, _ finish: String = "null") -> String {
            #"data: {"choices":[{"delta":\#(delta),"finish_reason":\#(finish),"index":0,"logprobs":null}],\#(end)null}"#
                + "\n\n"
        }
        #expect(
            reply.body
                == event(#"{"content":"","role":"assistant"}"#) + event(#"{"content":"Hello"}"#)
                + event(#"{"content":" world"}"#) + event("{}", #""stop""#)
                + #"data: {"choices":[],\#(end){"completion_tokens":3,"prompt_tokens":20,"prompt_tokens_details":{"cached_tokens":1},"total_tokens":23}}"#
                + "\n\ndata: [DONE]\n\n")
    }

    @Test func `a stream whose client does not ask for usage has none`() async throws {
        let reply = try await InProcess(ScriptedGenerator()).post(
            "/v1/chat/completions", chat(#""stream":true"#))
        #expect(!reply.body.contains("usage"))
        #expect(reply.body.hasSuffix("data: [DONE]\n\n"))
    }

    @Test func `log-probabilities name tokens, their bytes and their rivals`() async throws {
        let generator = ScriptedGenerator(.bytes("é"))
        let body = chat(#""logprobs":true,"top_logprobs":2"#)
        let reply = try await InProcess(generator).post("/v1/chat/completions", body)
        #expect(
            reply.body.contains(
                #""logprobs":{"content":[{"bytes":[195],"logprob":-0.5,"token":"�","top_logprobs":[{"bytes":[195],"logprob":-0.5,"token":"�"},{"bytes":[196],"logprob":-1.5,"token":"�"}]},{"bytes":[169]"#
            ), "\(reply.body)")
        let sampling = try #require(generator.requests.first).sampling
        #expect(sampling.wantsLogProbabilities)
        #expect(sampling.alternativeCount == 2)
        let stream = try await InProcess(generator).post(
            "/v1/chat/completions", chat(#""logprobs":true,"stream":true"#))
        #expect(
            stream.body.contains(
                #""logprobs":{"content":[{"bytes":[195],"logprob":-0.5,"token":"�","top_logprobs":[]}],"refusal":null}"#
            ))
    }

    @Test func `several choices have seeds one after another and share one prompt`() async throws {
        let generator = ScriptedGenerator()
        let reply = try await InProcess(generator).post("/v1/chat/completions", chat(#""n":3,"seed":-2"#))
        let choices = try #require(try reply.json["choices"] as? [[String: Any]])
        #expect(choices.map { $0["index"] as? Int } == [0, 1, 2])
        let usage = try #require(try reply.json["usage"] as? [String: Any])
        #expect(usage["prompt_tokens"] as? Int == 20)
        #expect(usage["completion_tokens"] as? Int == 6)
        #expect(usage["total_tokens"] as? Int == 26)
        #expect(generator.requests.map(\.sampling.seed) == [UInt64.max - 1, .max, 0])
        #expect(generator.requests.map(\.id) == ["r-0", "r-1", "r-2"])
    }

    @Test func `requests without a seed draw differently`() async throws {
        let generator = ScriptedGenerator()
        let gateway = InProcess(generator)
        for _ in 0..<2 { _ = try await gateway.post("/v1/chat/completions", chat()) }
        #expect(generator.requests[0].sampling.seed != generator.requests[1].sampling.seed)
    }

    @Test func `every wish reaches the generator`() async throws {
        let generator = ScriptedGenerator()
        let body = chat(
            #"""
            "model":"tiny","max_tokens":7,"temperature":0,"top_p":0.5,"top_k":40,"min_p":0.25,"repeat_penalty":1.5,
            "presence_penalty":-1,"frequency_penalty":2,"logit_bias":{"5":-100,"3":1.5},"stop":["a","b"],"seed":9,
            "user":"someone","whatever":{"x":[1]},"response_format":{"type":"text"},"tools":[],"tool_choice":"none",
            "top_logprobs":null
            """#)
        let reply = try await InProcess(generator).post("/v1/chat/completions", body)
        #expect(reply.status == 200, "\(reply.body)")
        let request = try #require(generator.requests.first)
        #expect(request.tokenCountMax == 7)
        #expect(request.stopTexts == ["a", "b"])
        var sampling = SamplingParameters()
        sampling.temperature = 0
        sampling.topP = 0.5
        sampling.topK = 40
        sampling.minP = 0.25
        sampling.repetitionPenalty = 1.5
        sampling.presencePenalty = -1
        sampling.frequencyPenalty = 2
        sampling.biases = [TokenBias(token: 3, bias: 1.5), TokenBias(token: 5, bias: -100)]
        sampling.seed = 9
        sampling.wantsLogProbabilities = false
        #expect(request.sampling == sampling)
    }

    @Test func `contents may be parts, and a developer is the system`() async throws {
        let generator = ScriptedGenerator()
        let reply = try await InProcess(generator).post(
            "/v1/chat/completions",
            #"""
            {"messages":[{"role":"developer","content":"Be brief."},
            {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"user","content":"c"}]}
            """#)
        #expect(reply.status == 200, "\(reply.body)")
        #expect(
            generator.requests.first?.prompt
                == .conversation(
                    ChatConversation([
                        ChatMessage(.system, "Be brief."), ChatMessage(.user, .parts(["a", "b"])),
                        ChatMessage(.user, "c"),
                    ])))
    }

    @Test func `a full context ends an answer like its length`() async throws {
        let generator = ScriptedGenerator(finish: .context)
        let reply = try await InProcess(generator).post("/v1/chat/completions", chat())
        #expect(reply.body.contains(#""finish_reason":"length""#))
    }

    @Test func `what goes wrong has its status and says when to come again`() async throws {
        let expected: [(GenerationError, Int, String, String?)] = [
            (GenerationError(.invalid, "no template"), 400, #""code":null"#, nil),
            (
                GenerationError(.tooLong, "too long"), 400,
                #""code":"context_length_exceeded","message":"too long","param":"messages""#, nil
            ),
            (
                GenerationError(.overloaded, "full", retryAfter: .milliseconds(1500)), 429,
                #""code":"rate_limit_exceeded""#, "2"
            ),
            (GenerationError(.unavailable, "draining"), 503, #""code":"service_unavailable""#, "5"),
            (GenerationError(.failed, "worker b is lost"), 503, #""message":"worker b is lost""#, "5"),
        ]
        for (error, status, part, retry) in expected {
            for stream in ["false", "true"] {
                let gateway = InProcess(ScriptedGenerator(.refuses(error)))
                let reply = try await gateway.post("/v1/chat/completions", chat(#""stream":\#(stream)"#))
                #expect(reply.status == status)
                #expect(reply.body.contains(part), "\(reply.body)")
                #expect(reply.headers[.retryAfter] == retry)
            }
        }
    }

    @Test func `an error in the middle of a stream is its last event`() async throws {
        let generator = ScriptedGenerator(.breaks(["a"], GenerationError(.failed, "worker b is lost")))
        let reply = try await InProcess(generator).post("/v1/chat/completions", chat(#""stream":true"#))
        #expect(reply.status == 200)
        #expect(reply.body.contains(#""content":"a""#))
        #expect(
            reply.body.hasSuffix(
                #"data: {"error":{"code":"service_unavailable","message":"worker b is lost","param":null,"type":"server_error"}}"#
                    + "\n\n"))
        let whole = try await InProcess(generator).post("/v1/chat/completions", chat())
        #expect(whole.status == 503)
    }

    @Test func `while the service does not serve, nothing is generated`() async throws {
        let generator = ScriptedGenerator()
        generator.state.withLock {
            $0.health = ServiceHealth(state: .starting, reason: "loading stage 1", isHealthy: false)
        }
        let reply = try await InProcess(generator).post("/v1/chat/completions", chat())
        #expect(reply.status == 503)
        #expect(reply.headers[.retryAfter] == "5")
        #expect(reply.body.contains("loading stage 1"))
        #expect(generator.requests.isEmpty)
    }

    @Test func `if one choice is refused, the others end`() async throws {
        let generator = RefusingSecond()
        let reply = try await InProcess(generator).post("/v1/chat/completions", chat(#""n":2"#))
        #expect(reply.status == 429)
        try await eventually { generator.first.endedEarly == 1 }
    }
}

/// Takes the first request and no other.
private final class RefusingSecond: TextGenerator {
    let first = ScriptedGenerator(.hangs(["a"]))
    private let second = ScriptedGenerator(.refuses(GenerationError(.overloaded, "full")))

    var model: ServedModel { first.model }
    var health: ServiceHealth { first.health }
    var fingerprint: String? { "fp_0123456789ab" }

    func generate(_ requests: [GenerationRequest]) -> [GenerationEvents] { requests.map(generate) }
    func generate(_ request: GenerationRequest) -> GenerationEvents {
        first.requests.isEmpty ? first.generate(request) : second.generate(request)
    }
    func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] { try first.tokens(of: prompt) }
    func tokens(ofText text: String, readsMarkers: Bool) -> [UInt32] {
        first.tokens(ofText: text, readsMarkers: readsMarkers)
    }
    func rendered(_ conversation: ChatConversation) throws(GenerationError) -> String {
        try first.rendered(conversation)
    }
    func text(of tokens: [UInt32]) throws(GenerationError) -> String { try first.text(of: tokens) }
    func bytes(of token: UInt32) -> [UInt8] { first.bytes(of: token) }
}
