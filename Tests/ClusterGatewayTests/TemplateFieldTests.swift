// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Testing

/// What a chat request tells its model's template.
@Suite struct TemplateFieldTests {
    private func conversation(_ fields: String) async throws -> ChatConversation {
        let generator = ScriptedGenerator(readsTools: true)
        let reply = try await InProcess(generator).post("/v1/chat/completions", "{\(fields)}")
        #expect(reply.status == 200, "\(reply.body)")
        guard case .conversation(let conversation)? = generator.requests.first?.prompt else {
            throw APIError.invalid("no conversation: \(reply.body)")
        }
        return conversation
    }

    private let hello = #""messages":[{"role":"user","content":"Hi"}]"#

    @Test func `calls, their results and thoughts are part of a conversation`() async throws {
        let conversation = try await conversation(
            #"""
            "messages":[{"role":"user","content":"Weather?","name":"eve"},
            {"role":"assistant","content":null,"reasoning_content":"Look.","tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"z\": [1, 2.5, null], \"a\": \"é\"}"}},
            {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
            {"role":"tool","tool_call_id":"c1","name":"f","content":"12°"}]
            """#)
        var user = ChatMessage(.user, "Weather?")
        user.name = "eve"
        var answer = ChatMessage(.assistant, nil as ChatContent?)
        answer.reasoning = "Look."
        answer.toolCalls = [
            ToolCall(
                id: "c1", name: "f",
                arguments: .object([
                    ("z", .list([.integer(1), .number(2.5), .null])), ("a", .text("é")),
                ])),
            ToolCall(id: "c2", name: "g", arguments: .object([])),
        ]
        var result = ChatMessage(.tool, "12°")
        result.toolCallID = "c1"
        result.name = "f"
        #expect(conversation == ChatConversation([user, answer, result]))
    }

    @Test func `an answer that calls is not gone on with`() async throws {
        let conversation = try await conversation(
            #""messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]"#)
        #expect(conversation.ending == .opensAnswer)
        #expect(conversation.messages.first?.content == nil)
    }

    @Test func `tools keep the order of their keys`() async throws {
        let tool =
            #"{"type":"function","function":{"name":"f","z":1,"description":"d","parameters":{"y":{},"b":1.0}}}"#
        let conversation = try await conversation(#"\#(hello),"tools":[\#(tool)],"tool_choice":"auto""#)
        #expect(conversation.tools.map(\.encoded) == [tool])
    }

    @Test func `tools that may not be called are not told of`() async throws {
        let conversation = try await conversation(
            #"\#(hello),"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none""#)
        #expect(conversation.tools.isEmpty)
    }

    @Test(arguments: [
        (#""enable_thinking":false"#, ["enable_thinking": JSONValue.flag(false)]),
        (#""reasoning_effort":"low""#, ["reasoning_effort": .text("low")]),
        (
            #""reasoning_effort":"none""#,
            ["reasoning_effort": .text("none"), "enable_thinking": .flag(false)]
        ),
        (
            #""reasoning_effort":"none","enable_thinking":true"#,
            ["reasoning_effort": .text("none"), "enable_thinking": .flag(true)]
        ),
        (
            #""enable_thinking":true,"chat_template_kwargs":{"enable_thinking":false,"x":[1,{"b":2,"a":3}]}"#,
            [
                "enable_thinking": .flag(false),
                "x": .list([.integer(1), .object([("b", .integer(2)), ("a", .integer(3))])]),
            ]
        ),
        (#""chat_template_kwargs":null"#, [:]),
    ])
    func `what a template is told comes from several fields`(
        fields: String, arguments: [String: JSONValue]
    ) async throws {
        #expect(try await conversation("\(hello),\(fields)").templateArguments == arguments)
    }

    @Test func `tools and thoughts count as what there is to read`() async throws {
        let long = String(repeating: "a", count: Limits.promptBytesMax)
        let fields = [
            #""reasoning_effort":"\#(long)""#,
            #""tools":[{"type":"function","function":{"name":"\#(long)"}}]"#,
        ]
        for fields in fields {
            let reply = try await InProcess(ScriptedGenerator(readsTools: true)).post(
                "/v1/chat/completions", "{\(hello),\(fields)}")
            #expect(reply.status == 400)
            #expect(reply.body.contains(#""param":"messages""#), "\(reply.body.prefix(300))")
        }
    }

    @Test func `a model whose template writes no tools says so wherever they are given`() async throws {
        let body = #"{\#(hello),"tools":[{"type":"function","function":{"name":"f"}}]}"#
        for path in ["/v1/chat/completions", "/apply-template", "/tokenize"] {
            let reply = try await InProcess(ScriptedGenerator()).post(path, body)
            #expect(reply.status == 400, "\(path)")
            #expect(reply.body.contains(#""param":"tools""#), "\(reply.body)")
        }
    }
}
