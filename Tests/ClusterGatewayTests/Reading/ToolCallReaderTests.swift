// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import FuzzTargets
import TestSupport
import Testing

/// Calls of tools in what a model writes.
@Suite struct ToolCallReaderTests {
    struct Sample: Sendable {
        var form: AnswerForm.Calls
        var answer: String
        var parts: [AnswerPart]
    }

    /// A call, its arguments as JSON.
    private static func call(_ name: String, _ arguments: (key: String, value: JSONValue)...) -> AnswerPart {
        .call(ToolCall(name: name, arguments: .object(arguments)))
    }

    private static let samples = [
        Sample(
            form: .json,
            answer: "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1, \"é\"]}}\n</tool_call>",
            parts: [call("f", ("a", .list([.integer(1), .text("é")])))]),
        Sample(
            form: .json,
            answer:
                "I look. \n<tool_call>{\"arguments\":{},\"name\":\"f\"}</tool_call>\n<tool_call>{\"name\":\"g\",\"arguments\":\"{\\\"b\\\":null}\"}</tool_call>\n",
            parts: [.content("I look."), call("f"), call("g", ("b", .null))]),
        Sample(
            form: .json, answer: "<tool_call>{\"name\":\"f\"}</tool_call>\nThen 1 <2",
            parts: [call("f"), .content("\nThen 1 <2")]),
        Sample(
            form: .elements,
            answer:
                "<tool_call>\n<function=f>\n<parameter=text>\n12\n\n3\n</parameter>\n<parameter=count>\n 7\n</parameter>\n<parameter=flag>True</parameter>\n<parameter=more>\n{\"a\": 1}\n</parameter>\n</function>\n</tool_call>",
            parts: [
                call(
                    "f", ("text", .text("12\n\n3")), ("count", .integer(7)), ("flag", .flag(true)),
                    ("more", .object([("a", .integer(1))])))
            ]),
        Sample(
            form: .elements,
            answer:
                "So:\n\n<tool_call><function=f></function>\n<function= g ><parameter=a>x<parameter=b>if a < b </function></tool_call>",
            parts: [.content("So:"), call("f"), call("g", ("a", .text("x")), ("b", .text("if a < b ")))]),
        Sample(
            form: .elements,
            answer:
                "<tool_call><function=g><parameter=a>1</parameter><parameter=a>[2]</parameter></tool_call>",
            parts: [call("g", ("a", .list([.integer(2)])))]),
    ]

    @Test(arguments: samples) func `calls are read, wherever the answer is cut`(_ sample: Sample) {
        let reader = AnswerReader.calling(sample.form, tools: SampleTools.all)
        #expect(parts([sample.answer], reader) == sample.parts)
        for pieces in cuts(sample.answer) { #expect(parts(pieces, reader) == sample.parts, "\(pieces)") }
    }

    private static let texts: [(AnswerForm.Calls, String)] = [
        (.json, " 1 <2, <tool_cal "), (.json, "<tool_call>\n{\"name\": \"f\", \"argum"),
        (.json, "a \n<tool_call>{\"name\":\"f\",\"arguments\":[1]}</tool_call>\n"),
        (.json, "<tool_call>{\"name\":\"\",\"arguments\":{}}</tool_call>"),
        (.json, "<tool_call>{\"name\":1}</tool_call>"), (.json, "<tool_call></tool_call>"),
        (.json, "<tool_call>{\"name\":\"f\"} and so on</tool_call>"),
        (.json, "<tool_call>{\"name\":\"f\",\"arguments\":\"no\"}</tool_call>"),
        (.json, "<tool_call><function=f></function></tool_call>"), (.json, "</tool_call> \r\n\t"),
        (.elements, "<tool_call>{\"name\":\"f\"}</tool_call>"), (.elements, "<tool_call> \n</tool_call>"),
        (.elements, "<tool_call><function=></function></tool_call>"),
        (.elements, "<tool_call><function=f</tool_call>"),
        (.elements, "<tool_call><function=f>text</function></tool_call>"),
        (.elements, "<tool_call><function=f></function>text</tool_call>"),
        (.elements, "<function=f></function>"),
    ]

    @Test(arguments: texts) func `what is no call stays text`(form: AnswerForm.Calls, text: String) {
        for pieces in cuts(text) {
            #expect(parts(pieces, .calling(form)) == [.content(text)], "\(pieces)")
        }
    }

    @Test func `words go out as they come, and a call when it is whole`() {
        var reader = AnswerReader.calling(.json)
        #expect(reader.append("I ") == [.content("I")])
        #expect(reader.append("look<") == [.content(" look")])
        #expect(reader.append("b>\n<tool_call>{\"name\"") == [.content("<b>")])
        #expect(reader.append(":\"f\"}</tool_call") == [])
        #expect(reader.append(">") == [Self.call("f")])
        #expect(reader.append("\n") == [])
        #expect(reader.append("a") == [.content("\na")])
        #expect(reader.finish() == [])
    }

    @Test func `calls beyond those that are wanted are dropped`() {
        let reader = AnswerReader(
            calls: ToolCallReader(form: .json, types: ArgumentTypes(tools: []), callCountMax: 1))
        let answer = "<tool_call>{\"name\":\"f\"}</tool_call>\n<tool_call>{\"name\":\"g\"}</tool_call>"
        #expect(parts([answer], reader) == [Self.call("f")])
    }

    @Test func `a call has a bound`() {
        let frame = "{\"name\":\"f\",\"arguments\":{\"a\":\"\"}}"
        let room = Limits.toolCallBytesMax - frame.utf8.count
        for (count, isCall) in [(room, true), (room + 1, false)] {
            let text = String(repeating: "x", count: count)
            let answer = "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":\"\(text)\"}}</tool_call>"
            let expected: [AnswerPart] = isCall ? [Self.call("f", ("a", .text(text)))] : [.content(answer)]
            #expect(parts([answer], .calling(.json)) == expected)
            #expect(
                parts([String(answer.dropLast(20)), String(answer.suffix(20))], .calling(.json)) == expected)
        }
        // Without an end nothing more is held.
        var reader = AnswerReader.calling(.json)
        let open = "<tool_call>" + String(repeating: "x", count: Limits.toolCallBytesMax + 1)
        #expect(reader.append(open) == [.content(open)])
    }

    @Test func `whatever comes, it is the same in one piece and in many`() {
        var mutator = Mutator(
            seed: 16,
            words: [
                "<tool_call>", "</tool_call>", "<function=", "</function>", "<parameter=", "</parameter>",
                ">", "<",
                "\n", "{", "}", "\"", "[[[[[[", "1e999",
            ])
        var callCount = 0
        for index in 0..<6_000 {
            let sample = Self.samples[index % Self.samples.count]
            let text = String(decoding: mutator.mutate(Array(sample.answer.utf8)), as: UTF8.self)
            let reader = AnswerReader.calling(sample.form, tools: SampleTools.all)
            let whole = parts([text], reader)
            #expect(
                parts(text.unicodeScalars.map { String($0) }, reader) == whole, "\(text.debugDescription)")
            let calls = whole.count { if case .call = $0 { true } else { false } }
            callCount += calls
            if calls == 0 {
                #expect(whole == (text.isEmpty ? [] : [.content(text)]), "\(text.debugDescription)")
            }
        }
        // Some edits leave a call what it is.
        #expect((1_000..<6_000).contains(callCount))
    }

    @Test func `thoughts call nothing`() {
        let reader = AnswerReader(
            thoughts: ThoughtSplitter(isOpen: true),
            calls: ToolCallReader(form: .json, types: ArgumentTypes(tools: [])))
        let call = "<tool_call>{\"name\":\"f\"}</tool_call>"
        let answer = "I may \(call)\n</think>\n\n\(call)"
        for pieces in cuts(answer) {
            #expect(parts(pieces, reader) == [.thought("I may \(call)"), Self.call("f")])
        }
    }
}
