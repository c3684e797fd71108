// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Hummingbird
import Testing

/// What clients send that was not made for this server: each taken as it is meant.
@Suite struct ClientHabitTests {
    /// What a request with these fields asks the generator for.
    private func request(_ path: String, _ body: String) async throws -> GenerationRequest {
        let generator = ScriptedGenerator()
        let reply = try await InProcess(generator).send(.post, path, body)
        #expect(reply.status == 200, "\(body): \(reply.body)")
        return try #require(generator.requests.first)
    }

    private func chat(_ fields: String) async throws -> GenerationRequest {
        try await request(
            "/v1/chat/completions", #"{"messages":[{"role":"user","content":"Hi"}],\#(fields)}"#)
    }

    private func completion(_ fields: String) async throws -> GenerationRequest {
        try await request("/v1/completions", #"{"prompt":"Hi",\#(fields)}"#)
    }

    @Test(arguments: [
        #""user":"u","metadata":{"a":"b"},"store":true,"service_tier":"auto","parallel_tool_calls":true"#,
        #""reasoning_effort":null,"prediction":null,"verbosity":"low","safety_identifier":"x""#,
        #""stream":false,"stream_options":null,"response_format":{"type":"text"},"modalities":["text"]"#,
        #""tools":[],"functions":[]"#, #""tools":null,"tool_choice":null,"functions":null"#,
        #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none""#,
        #""functions":[{"name":"f"}],"function_call":"none""#, #""tool_choice":"auto""#,
        #""temperature":null,"top_p":null,"n":null,"stop":null,"seed":null,"max_tokens":null"#,
        #""max_completion_tokens":null,"presence_penalty":null,"frequency_penalty":null,"logit_bias":null"#,
        #""logprobs":null,"top_logprobs":null,"stream":null,"response_format":null,"modalities":null"#,
        #""audio":null,"user":null,"model":null,"logit_bias":[],"logit_bias":{}"#,
        #""stop":[],"logprobs":false,"top_logprobs":0"#, #""stop":"","temperature":1.0,"n":1.0"#,
        #""guided_json":null,"grammar":null,"top_k":-1,"min_p":0.0"#,
    ])
    func `what changes nothing changes nothing`(fields: String) async throws {
        var plain = try await chat(#""n":1"#)
        var other = try await chat(fields)
        // Without a seed each request draws another one.
        plain.sampling.seed = 0
        other.sampling.seed = 0
        #expect(other.sampling == plain.sampling)
        #expect(other.prompt == plain.prompt)
        #expect(other.tokenCountMax == plain.tokenCountMax)
        #expect(other.stopTexts.isEmpty)
    }

    @Test func `as many tokens as there is room for have several names`() async throws {
        for fields in [#""max_tokens":-1"#, #""max_completion_tokens":-1"#, #""max_tokens":null"#] {
            #expect(try await chat(fields).tokenCountMax == 256)
        }
        #expect(try await chat(#""max_tokens":5,"max_completion_tokens":7.0"#).tokenCountMax == 7)
        #expect(try await chat(#""max_tokens":5.0,"max_completion_tokens":null"#).tokenCountMax == 5)
        #expect(try await completion(#""max_tokens":-1"#).tokenCountMax == 256)
        #expect(try await completion(#""max_tokens":null"#).tokenCountMax == 16)
    }

    @Test func `a seed of minus one is another one each time`() async throws {
        for fields in [#""seed":-1"#, #""seed":null"#] {
            let first = try await chat(fields).sampling.seed
            let second = try await chat(fields).sampling.seed
            #expect(first != second)
        }
        #expect(try await chat(#""seed":9.0"#).sampling.seed == 9)
        #expect(try await completion(#""seed":-2"#).sampling.seed == UInt64(bitPattern: -2))
    }

    @Test func `log-probabilities of a completion have several forms`() async throws {
        for (fields, count) in [
            (#""logprobs":null"#, nil), (#""logprobs":false"#, nil), (#""logprobs":true"#, 1),
            (#""logprobs":0"#, 0), (#""logprobs":3.0"#, 3),
        ] as [(String, UInt32?)] {
            let sampling = try await completion(fields).sampling
            #expect(sampling.wantsLogProbabilities == (count != nil), "\(fields)")
            #expect(sampling.alternativeCount == count ?? 0, "\(fields)")
        }
    }

    @Test func `special tokens are read in prompts, unless nobody wants that`() async throws {
        #expect(try await completion(#""n":1"#).prompt == .text("Hi", readsMarkers: true))
        #expect(try await completion(#""parse_special":false"#).prompt == .text("Hi"))
        let body = #"{"prompt":[5.0,6]}"#
        #expect(try await request("/v1/completions", body).prompt == .tokens([5, 6]))
    }

    @Test(arguments: [
        (
            #"[{"role":"system","content":"a"},{"role":"developer","content":"b"}]"#,
            [ChatRole.system, .system]
        ),
        (#"[{"role":"user","content":"a"},{"role":"system","content":[]}]"#, [.user, .system]),
        (#"[{"role":"user","content":"a"},{"role":"user","content":"b"}]"#, [.user, .user]),
        (
            #"[{"role":"user","content":"a","name":null},{"role":"assistant","content":null,"refusal":"no","tool_calls":null,"function_call":null,"audio":null,"annotations":[]},{"role":"user","content":"b"}]"#,
            [.user, .assistant, .user]
        ),
        (
            #"[{"role":"assistant","content":[{"type":"refusal","refusal":"no"}],"tool_calls":[]},{"role":"user","content":"b"}]"#,
            [.assistant, .user]
        ),
    ])
    func `whoever speaks may speak where he likes`(messages: String, roles: [ChatRole]) async throws {
        let request = try await request("/v1/chat/completions", #"{"messages":\#(messages)}"#)
        guard case .conversation(let conversation) = request.prompt else {
            Issue.record("no conversation")
            return
        }
        #expect(conversation.messages.map(\.role) == roles)
        #expect(conversation.ending == .opensAnswer)
        for message in conversation.messages where message.role == .assistant {
            #expect(message.text == "no")
        }
    }

    @Test(arguments: [
        ("assistant", "", ChatConversation.Ending.continuesLast),
        ("assistant", #","continue_final_message":true,"add_generation_prompt":false"#, .continuesLast),
        ("assistant", #","continue_final_message":null,"add_generation_prompt":null"#, .continuesLast),
        ("assistant", #","continue_final_message":false"#, .opensAnswer),
        ("assistant", #","add_generation_prompt":true"#, .opensAnswer),
        ("assistant", #","add_generation_prompt":false"#, .continuesLast),
        ("assistant", #","add_generation_prompt":false,"continue_final_message":false"#, .closed),
        ("user", "", .opensAnswer), ("user", #","continue_final_message":true"#, .continuesLast),
        ("user", #","add_generation_prompt":false"#, .closed),
    ])
    func `a last message of the assistant is gone on with`(
        role: String, fields: String, ending: ChatConversation.Ending
    ) async throws {
        let body = #"{"messages":[{"role":"\#(role)","content":"a"}]\#(fields)}"#
        let request = try await request("/v1/chat/completions", body)
        let messages = [ChatMessage(role == "user" ? .user : .assistant, "a")]
        #expect(request.prompt == .conversation(ChatConversation(messages, ending: ending)))
    }
}
