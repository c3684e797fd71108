// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Hummingbird
import Testing

private struct Bad: CustomTestStringConvertible {
    let body: String
    let parameter: String?
    /// A part of the message.
    let says: String

    init(_ body: String, _ parameter: String?, _ says: String = "") {
        self.body = body
        self.parameter = parameter
        self.says = says
    }

    var testDescription: String { String(body.prefix(80)) }

    /// A chat request that is fine but for these fields.
    static func chat(_ fields: String, _ parameter: String, _ says: String = "") -> Bad {
        Bad(#"{"messages":[{"role":"user","content":"Hi"}],\#(fields)}"#, parameter, says)
    }

    static func messages(_ messages: String, _ parameter: String, _ says: String = "") -> Bad {
        Bad(#"{"messages":\#(messages)}"#, parameter, says)
    }

    static func prompt(_ prompt: String, _ fields: String, _ parameter: String, _ says: String = "") -> Bad {
        Bad(#"{"prompt":\#(prompt)\#(fields)}"#, parameter, says)
    }
}

@Suite struct BadRequestTests {
    private func check(_ bad: Bad, at path: String) async throws {
        let generator = ScriptedGenerator()
        let reply = try await InProcess(generator).send(.post, path, bad.body)
        #expect(reply.status == 400)
        let error = try #require(try reply.json["error"] as? [String: Any])
        #expect(error["type"] as? String == "invalid_request_error")
        #expect(error["param"] as? String == bad.parameter)
        let message = try #require(error["message"] as? String)
        #expect(message.contains(bad.says), "\(message)")
        #expect(generator.requests.isEmpty)
    }

    @Test(
        arguments: [
            Bad("", nil, "not JSON"), Bad("{", nil, "line 1"), Bad("nonsense", nil), Bad("[]", nil, "object"),
            Bad(#"{"messages":[]"#, nil), Bad("\u{0}", nil), Bad("null", nil), Bad("3", nil, "object"),
            Bad("{}", "messages"),
            .chat(#""temperature":"hot""#, "temperature", "number"),
            .chat(#""temperature":2.5"#, "temperature", "0.0…2.0"),
            .chat(#""temperature":1e999"#, "temperature"), .chat(#""temperature":-1"#, "temperature"),
            .chat(#""top_p":1.5"#, "top_p"), .chat(#""top_k":-2"#, "top_k"), .chat(#""top_k":1.5"#, "top_k"),
            .chat(#""min_p":2"#, "min_p"), .chat(#""n":0"#, "n"), .chat(#""n":129"#, "n"),
            .chat(#""n":true"#, "n"),
            .chat(#""repeat_penalty":0"#, "repeat_penalty"),
            .chat(#""repetition_penalty":"x""#, "repetition_penalty"),
            .chat(#""presence_penalty":3"#, "presence_penalty"),
            .chat(#""frequency_penalty":-3"#, "frequency_penalty"),
            .chat(#""max_tokens":0"#, "max_tokens"),
            .chat(#""max_completion_tokens":0"#, "max_completion_tokens"),
            .chat(#""max_tokens":99999999999999999999"#, "max_tokens"), .chat(#""seed":"x""#, "seed"),
            .chat(#""stop":3"#, "stop"), .chat(#""stop":[3]"#, "stop"),
            .chat(
                #""stop":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q"]"#, "stop", "16"
            ),
            .chat(#""stream":1"#, "stream"), .chat(#""stream_options":{}"#, "stream_options"),
            .chat(#""stream":true,"stream_options":3"#, "stream_options"),
            .chat(#""stream":true,"stream_options":{"include_usage":3}"#, "stream_options.include_usage"),
            .chat(#""logprobs":3"#, "logprobs"), .chat(#""top_logprobs":3"#, "top_logprobs"),
            .chat(#""logprobs":true,"top_logprobs":21"#, "top_logprobs"),
            .chat(#""logit_bias":[[5,1]]"#, "logit_bias"), .chat(#""logit_bias":{"x":1}"#, "logit_bias"),
            .chat(#""logit_bias":{"5":1,"05":2}"#, "logit_bias"),
            .chat(#""logit_bias":{"1":101}"#, "logit_bias"),
            .chat(#""logit_bias":{"258":1}"#, "logit_bias", "258"),
            .chat(#""tools":[{"type":"function","function":{"name":"f"}}]"#, "tools", "not supported"),
            .chat(#""tool_choice":"required""#, "tool_choice"),
            .chat(#""tools":[{}]"#, "tools[0].type"), .chat(#""tools":[3]"#, "tools[0].type"),
            .chat(#""tools":{}"#, "tools", "array"),
            .chat(#""tools":[{"type":"function","function":{}}]"#, "tools[0].function.name"),
            .chat(#""reasoning_effort":3"#, "reasoning_effort"),
            .chat(#""enable_thinking":"yes""#, "enable_thinking"),
            .chat(#""chat_template_kwargs":[]"#, "chat_template_kwargs", "object"),
            .chat(#""chat_template_kwargs":{"messages":[]}"#, "chat_template_kwargs.messages"),
            .chat(
                #""chat_template_kwargs":{"a":\#(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))}"#,
                "chat_template_kwargs", "inside each other"),
            .chat(
                #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto""#, "tools",
                "tool_choice"),
            .chat(#""tools":[{"type":"function"}],"tool_choice":{"type":"function"}"#, "tool_choice"),
            .chat(#""function_call":{"name":"f"}"#, "function_call"),
            .chat(#""response_format":{"type":"json_schema","json_schema":{}}"#, "response_format"),
            .chat(#""guided_json":{}"#, "guided_json", "not constrained"),
            .chat(#""structured_outputs":{"regex":"a"}"#, "structured_outputs"),
            .chat(#""web_search_options":{}"#, "web_search_options"),
            .chat(#""max_tokens":-2"#, "max_tokens"), .chat(#""seed":1.5"#, "seed"),
            .chat(
                #""continue_final_message":true,"add_generation_prompt":true"#, "continue_final_message"),
            .chat(#""functions":[{}]"#, "functions"),
            .chat(#""response_format":{"type":"json_object"}"#, "response_format"),
            .chat(#""response_format":"text""#, "response_format"),
            .chat(#""modalities":["audio"]"#, "modalities"),
            .chat(#""audio":{}"#, "audio"), .chat(#""grammar":"root ::= x""#, "grammar"),
            .chat(#""model":3"#, "model"),
        ] as [Bad]) fileprivate func `a chat request is refused by name`(_ bad: Bad) async throws
    {
        try await check(bad, at: "/v1/chat/completions")
    }

    @Test(
        arguments: [
            .messages("3", "messages"), .messages("[]", "messages", "empty"), .messages("[3]", "messages[0]"),
            .messages("[{}]", "messages[0].role", "missing"),
            .messages(#"[{"role":"user"}]"#, "messages[0].content"),
            .messages(#"[{"role":"user","content":null}]"#, "messages[0].content"),
            .messages(#"[{"role":"narrator","content":"x"}]"#, "messages[0].role"),
            .messages(#"[{"role":"user","content":3}]"#, "messages[0].content"),
            .messages(
                #"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]"#,
                "messages[0].content[0].type"),
            .messages(#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text"),
            .messages(
                #"[{"role":"assistant","content":"x","tool_calls":[{}]},{"role":"user","content":"x"}]"#,
                "messages[0].tool_calls[0].function"),
            .messages(
                #"[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"[1]"}}]}]"#,
                "messages[0].tool_calls[0].function.arguments", "JSON object"),
            .messages(
                #"[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}]"#,
                "messages[0].tool_calls[0].function.arguments", "a string"),
            .messages(
                #"[{"role":"assistant","tool_calls":[{"function":{"arguments":"{}"}}]}]"#,
                "messages[0].tool_calls[0].function.name"),
            .messages(
                #"[{"role":"user","content":"x","tool_calls":[{}]}]"#, "messages[0].tool_calls", "assistant"),
            .messages(
                #"[{"role":"assistant","content":"x","reasoning_content":3}]"#,
                "messages[0].reasoning_content"),
        ] as [Bad]) fileprivate func `a message is refused by its place`(_ bad: Bad) async throws
    {
        try await check(bad, at: "/v1/chat/completions")
        try await check(bad, at: "/apply-template")
    }

    @Test(
        arguments: [
            Bad("{}", "prompt", "missing"), .prompt("[]", "", "prompt", "empty"),
            .prompt("[[]]", "", "prompt"),
            .prompt("3", "", "prompt"), .prompt(#"["a",3]"#, "", "prompt"), .prompt("[1,-1]", "", "prompt"),
            .prompt("[4294967296]", "", "prompt"), .prompt("[1.5]", "", "prompt"),
            .prompt("{}", "", "prompt"),
            .prompt(#""a""#, #","logprobs":21"#, "logprobs"),
            .prompt(#""a""#, #","suffix":"x""#, "suffix", "not supported"),
            .prompt(#""a""#, #","best_of":2"#, "best_of"),
            .prompt(#""a""#, #","max_tokens":-2"#, "max_tokens"), .prompt(#""a""#, #","echo":1"#, "echo"),
            .prompt(#"["a","b","c"]"#, #","n":50"#, "prompt", "128"),
        ] as [Bad]) fileprivate func `a completion request is refused by name`(_ bad: Bad) async throws
    {
        try await check(bad, at: "/v1/completions")
    }

    @Test func `bounds hold at their ends`() async throws {
        let gateway = InProcess(ScriptedGenerator())
        func status(_ path: String, _ body: String) async throws -> Int {
            try await gateway.send(.post, path, body).status
        }
        let stop = String(repeating: "s", count: Limits.stopTextBytesMax)
        #expect(try await status("/v1/completions", #"{"prompt":"a","stop":"\#(stop)"}"#) == 200)
        #expect(try await status("/v1/completions", #"{"prompt":"a","stop":"\#(stop)s"}"#) == 400)
        let stops = (0..<Limits.stopTextsMax).map { #""\#($0)""# }.joined(separator: ",")
        #expect(try await status("/v1/completions", #"{"prompt":"a","stop":[\#(stops)]}"#) == 200)
        #expect(try await status("/v1/completions", #"{"prompt":"a","n":\#(Limits.answersMax)}"#) == 200)
        #expect(
            try await status("/v1/completions", #"{"prompt":["a","b"],"n":\#(Limits.answersMax / 2)}"#) == 200
        )
        let message = #"{"role":"user","content":"x"}"#
        let messages = Array(repeating: message, count: Limits.chatMessagesMax).joined(separator: ",")
        #expect(try await status("/apply-template", #"{"messages":[\#(messages)]}"#) == 200)
        #expect(try await status("/apply-template", #"{"messages":[\#(messages),\#(message)]}"#) == 400)
        let text = String(repeating: "x", count: Limits.promptBytesMax)
        #expect(try await status("/tokenize", #"{"content":"\#(text)x"}"#) == 400)
        #expect(
            try await status("/apply-template", #"{"messages":[{"role":"user","content":"\#(text)"}]}"#)
                == 200)
        #expect(
            try await status("/apply-template", #"{"messages":[{"role":"user","content":"\#(text)x"}]}"#)
                == 400)
    }

    @Test func `nesting is bounded, not the stack`() async throws {
        let gateway = InProcess(ScriptedGenerator())
        for (depth, status) in [(511, 200), (512, 400), (10_000, 400), (5_000_000, 400)] {
            let nest = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            for body in [#"{"prompt":"a","x":\#(nest)}"#, #"{"prompt":\#(nest)}"#] {
                let reply = try await gateway.send(.post, "/v1/completions", body)
                #expect(reply.status == (body.contains("\"x\"") ? status : 400))
            }
        }
    }

    @Test func `bytes that are no text are refused`() async throws {
        let gateway = InProcess(ScriptedGenerator())
        for bytes: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80]] {
            let body = Array(#"{"prompt":""#.utf8) + bytes + Array(#""}"#.utf8)
            let reply = try await gateway.send(.post, "/v1/completions", body)
            #expect(reply.status == 400, "\(bytes): \(reply.body)")
        }
    }

    @Test(arguments: [
        (#"{"prompt":"\ud800"}"#, "lone surrogate (ud800)"),
        (#"{"prompt":["a","\udc00x"]}"#, "lone surrogate"),
        (#"{"prompt":"a","stop":"\ud83d\u0041"}"#, "lone surrogate"),
    ]) func `half a character is called that`(body: String, words: String) async throws {
        let reply = try await InProcess(ScriptedGenerator()).send(.post, "/v1/completions", body)
        #expect(reply.status == 400)
        #expect(reply.body.contains(words), "\(reply.body)")
        #expect(reply.body.contains("line 1"))
    }

    @Test(arguments: [
        ([0x1F, 0x8B, 8, 0], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x78, 0x9C, 1], "deflate"),
    ])
    func `a compressed body is called that`(bytes: [UInt8], name: String) async throws {
        let reply = try await InProcess(ScriptedGenerator()).send(.post, "/v1/completions", bytes)
        #expect((400..<500).contains(reply.status))
        #expect(reply.body.contains("compressed (\(name))"), "\(reply.body)")
    }

    @Test func `a body is refused by its length before it is read`() async throws {
        let gateway = InProcess(ScriptedGenerator())
        var headers = HTTPFields()
        headers[.contentLength] = String(Limits.requestBodyBytesMax + 1)
        var reply = try await gateway.send(.post, "/v1/completions", "{}", headers: headers)
        #expect(reply.status == 413)
        #expect(reply.headers[.connection] == "close")
        let most = [UInt8](repeating: UInt8(ascii: " "), count: Limits.requestBodyBytesMax)
        reply = try await gateway.send(.post, "/v1/completions", most)
        #expect(reply.status == 400)
        reply = try await gateway.send(.post, "/v1/completions", most + [32])
        #expect(reply.status == 413)
    }

    @Test func `another model is not found, and no name means the one there is`() async throws {
        let gateway = InProcess(ScriptedGenerator())
        for (model, status) in [("tiny", 200), ("", 200), ("other", 404)] {
            let reply = try await gateway.send(
                .post, "/v1/completions", #"{"prompt":"a","model":"\#(model)"}"#)
            #expect(reply.status == status)
            #expect(status == 200 || reply.body.contains(#""code":"model_not_found""#))
        }
        #expect(try await gateway.send(.get, "/v1/models/other").status == 404)
        #expect(try await gateway.send(.get, "/v1/models/tin%79").status == 200)
        let list = try await gateway.send(.get, "/v1/models")
        #expect(
            list.body
                == #"{"data":[{"created":1700000000,"id":"tiny","meta":{"n_ctx":256,"n_params":1000,"n_vocab":258},"object":"model","owned_by":"bitnet-coord"}],"object":"list"}"#
        )
    }
}

@Suite struct ChoiceTests {
    @Test func `a prompt that does not fit is made into tokens once, however many choices are wanted`()
        async throws
    {
        let generator = ScriptedGenerator(contextLength: 8)
        let body = #"{"prompt":"longer than eight tokens","n":64}"#
        let reply = try await InProcess(generator).send(.post, "/v1/completions", body)
        #expect(reply.status == 400)
        #expect(generator.requests.count == 64)
        #expect(generator.callCount == 1)
    }
}
