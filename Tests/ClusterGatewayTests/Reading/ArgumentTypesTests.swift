// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Testing

/// Values of calls whose form has text only.
@Suite struct ArgumentTypesTests {
    private static func types(_ schema: JSONValue) -> ArgumentTypes {
        let parameters = JSONValue.object([("properties", .object([("a", schema)]))])
        return ArgumentTypes(tools: [
            .object([("function", .object([("name", .text("f")), ("parameters", parameters)]))])
        ])
    }

    private static func type(_ names: String...) -> JSONValue {
        .object([("type", names.count == 1 ? .text(names[0]) : .list(names.map { .text($0) }))])
    }

    private static let samples: [(JSONValue, String, JSONValue)] = [
        (type("string"), "5", .text("5")), (type("string"), "null", .text("null")),
        (type("string"), "\"a\"", .text("\"a\"")), (type("string", "null"), "null", .null),
        (type("string", "integer"), "5", .integer(5)), (type("string", "integer"), "5.5", .text("5.5")),
        (type("integer"), " 5 ", .integer(5)), (type("integer"), "5.0", .number(5)),
        (type("integer"), "five", .text("five")), (type("integer"), "[5]", .text("[5]")),
        (type("number"), "-1.5e3", .number(-1500)), (type("number"), "2", .integer(2)),
        (type("number"), "1e999", .text("1e999")),
        (type("boolean"), "true", .flag(true)), (type("boolean"), " False\n", .flag(false)),
        (type("boolean"), "1", .text("1")), (type("null"), "None", .null),
        (type("array"), "[1, \"a\"]", .list([.integer(1), .text("a")])),
        (type("array"), "{}", .text("{}")), (type("object"), "{\"b\": {}}", .object([("b", .object([]))])),
        (type("object"), "{'b': 1}", .text("{'b': 1}")),
        (.object([("anyOf", .list([type("string"), type("null")]))]), "null", .null),
        (.object([("oneOf", .list([type("array"), type("object")]))]), "[]", .list([])),
        (.object([]), "5", .integer(5)), (.object([]), "a", .text("a")), (.null, "\"a\"", .text("a")),
        (.flag(true), "[1", .text("[1")),
    ]

    @Test(arguments: samples) func `a text is what its schema makes of it`(
        schema: JSONValue, text: String, value: JSONValue
    ) {
        #expect(Self.types(schema).value(text, of: "a", in: "f") == value)
    }

    @Test func `of what nobody describes any JSON is taken`() {
        let types = Self.types(Self.type("string"))
        #expect(types.value("5", of: "b", in: "f") == .integer(5))
        #expect(types.value("5", of: "a", in: "g") == .integer(5))
        #expect(
            ArgumentTypes(tools: [.null, .list([]), .text("f")]).value("x", of: "a", in: "f") == .text("x"))
    }

    @Test func `a template tells what its model's answers hold`() {
        let hermes = "{{ '<tool_call>' }}{%- if tools %}</tool_call>{%- endif %}"
        #expect(AnswerForm(template: "{{ messages }}") == AnswerForm())
        #expect(AnswerForm(template: hermes) == AnswerForm(calls: .json))
        #expect(AnswerForm(template: hermes + "<think>\\n") == AnswerForm(thinks: true, calls: .json))
        #expect(
            AnswerForm(template: hermes + "<function=' + name + '>") == AnswerForm(calls: .elements))
        #expect(AnswerForm(template: "<function=example>") == AnswerForm())
    }
}
