// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Testing

private let hello = #""messages":[{"role":"user","content":"Hi"}]"#
private let tools =
    #""tools":[{"type":"function","function":{"name":"add","parameters":{"type":"object","properties":{"a":{"type":"number"},"b":{"type":"number"},"note":{"type":"string"}}}}}]"#

/// Answers that call tools.
@Suite struct ToolTests {
    private static func gateway(
        _ texts: [String], _ calls: AnswerForm.Calls? = .json, thinks: Bool = false,
        finish: FinishReason = .stop
    ) -> InProcess {
        InProcess(
            ScriptedGenerator(
                .texts(texts), finish: finish, readsTools: true,
                answerForm: AnswerForm(thinks: thinks, calls: calls), opening: thinks ? "<think>\n" : ""))
    }

    /// The same answer in one piece and by stream, but for the ids.
    private func answer(_ gateway: InProcess, _ fields: String = tools) async throws -> ChatAnswer {
        let whole = try await ChatAnswer.whole(gateway, hello + "," + fields)
        var streamed = try await ChatAnswer.streamed(gateway, hello + "," + fields)
        let ids = (whole.calls + streamed.calls).map(\.id)
        #expect(Set(ids).count == ids.count && ids.allSatisfy { $0.hasPrefix("call_") })
        for index in streamed.calls.indices where index < whole.calls.count {
            streamed.calls[index].id = whole.calls[index].id
        }
        #expect(streamed == whole)
        return whole
    }

    private static let call = #"{"name": "add", "arguments": {"a": 1, "b": 2.5, "note": "é"}}"#

    @Test func `a call is one of the answer's, and no text`() async throws {
        let answer = try await answer(
            Self.gateway(["I add", ".\n", "<tool", "_call>\n", Self.call, "\n</tool_call>", "\n"]))
        #expect(answer.content == "I add.")
        #expect(answer.calls.map(\.name) == ["add"])
        #expect(answer.calls.map(\.arguments) == [#"{"a":1,"b":2.5,"note":"é"}"#])
        #expect(answer.finish == "tool_calls")
        #expect(answer.completionTokens == 7)
    }

    @Test func `an answer may call several tools, after a thought, and say nothing`() async throws {
        let call = "<tool_call>\(Self.call)</tool_call>"
        let answer = try await answer(
            Self.gateway(["Two.\n", "</think>\n\n", call, "\n", call], thinks: true))
        #expect(answer.thought == "Two.")
        #expect(answer.content == nil)
        #expect(answer.calls.count == 2)
        #expect(answer.reasoningTokens == 2)
        let one = try await self.answer(Self.gateway([call, call]), tools + #","parallel_tool_calls":false"#)
        #expect(one.calls.count == 1)
    }

    @Test func `values of elements are what the tool's schema says`() async throws {
        let call = """
            <tool_call>
            <function=add>
            <parameter=a>
            1
            </parameter>
            <parameter=note>
            2
            </parameter>
            </function>
            </tool_call>
            """
        let answer = try await answer(Self.gateway(call.map { String($0) }, .elements))
        #expect(answer.calls.map(\.arguments) == [#"{"a":1,"note":"2"}"#])
    }

    @Test func `what is no call stays text, and so does one that is cut off`() async throws {
        let broken = "<tool_call>{\"name\": \"add\", }</tool_call>"
        let text = try await answer(Self.gateway(["a ", broken]))
        #expect(text.content == "a " + broken && text.calls.isEmpty && text.finish == "stop")
        let cut = try await answer(Self.gateway(["<tool_call>{\"name"], finish: .length))
        #expect(cut.content == "<tool_call>{\"name" && cut.finish == "length")
    }

    @Test func `an answer that is cut off behind a call says so`() async throws {
        let answer = try await answer(
            Self.gateway(["<tool_call>\(Self.call)</tool_call>", "and"], finish: .length))
        #expect(answer.calls.count == 1 && answer.content == "and" && answer.finish == "length")
    }

    @Test func `log-probabilities stand with calls too`() async throws {
        let answer = try await answer(
            Self.gateway(["a", "<tool_call>\(Self.call)</tool_call>"]), tools + #","logprobs":true"#)
        #expect(answer.tokens == ["a", "<"])
    }

    @Test(arguments: [
        hello, hello + #","tools":[]"#, hello + "," + tools + #","tool_choice":"none""#,
    ])
    func `without tools nothing is called`(_ fields: String) async throws {
        let call = "<tool_call>\(Self.call)</tool_call>"
        for form in [AnswerForm.Calls.json, nil] {
            let answer = try await ChatAnswer.whole(Self.gateway([call], form), fields)
            #expect(answer.content == call && answer.calls.isEmpty && answer.finish == "stop")
        }
    }

    @Test func `what cannot be promised is refused by name`() async throws {
        let refused: [(AnswerForm.Calls?, String, String)] = [
            (.json, #""tool_choice":"required""#, #""param":"tool_choice""#),
            (
                .json, #""tool_choice":{"type":"function","function":{"name":"add"}}"#,
                #""param":"tool_choice""#
            ),
            (nil, #""tool_choice":"auto""#, "“tiny” writes its calls in a form that is not known here"),
            (nil, #""parallel_tool_calls":true"#, #""param":"tools""#),
        ]
        for (form, fields, part) in refused {
            let generator = ScriptedGenerator(readsTools: true, answerForm: AnswerForm(calls: form))
            let reply = try await InProcess(generator).post(
                "/v1/chat/completions", "{\(hello),\(tools),\(fields)}")
            #expect(reply.status == 400)
            #expect(reply.body.contains(part), "\(reply.body)")
            #expect(generator.requests.isEmpty)
        }
    }
}
