// SPDX-License-Identifier: MIT

import BitNetCore
import Testing

/// Reads `text` with `body` and checks that nothing is left.
private func read<Value>(
    _ text: String, _ body: (inout JSONReader<JSONError>) throws(JSONError) -> Value
) throws(JSONError) -> Value {
    try read(Array(text.utf8), body)
}

private func read<Value>(
    _ bytes: [UInt8], _ body: (inout JSONReader<JSONError>) throws(JSONError) -> Value
) throws(JSONError) -> Value {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    var json = JSONReader<JSONError>(UnsafeRawBufferPointer(buffer), file: "test.json")
    let value = try body(&json)
    try json.finish()
    return value
}

private func skip(_ text: String) throws(JSONError) {
    try read(text) { json throws(JSONError) in try json.skip() }
}

struct JSONReaderTests {
    @Test func `members and elements come in order`() throws {
        var seen: [String] = []
        try read(#" { "a" : [ 1, -2 , 3 ] , "b": {"c": true}, "d": null, "e": 1.5e2 } "#) {
            json throws(JSONError) in
            try json.readObject { json, key throws(JSONError) in
                switch key {
                case "a":
                    try json.readArray { json throws(JSONError) in
                        seen.append("\(key)\(try json.readInteger())")
                    }
                case "b":
                    try json.readObject { json, key throws(JSONError) in
                        seen.append("\(key)\(try json.readBool())")
                    }
                case "d": seen.append("\(key)\(try json.readNull())")
                default: seen.append("\(key)\(try json.readDouble())")
                }
            }
        }
        #expect(seen == ["a1", "a-2", "a3", "ctrue", "dtrue", "e150.0"])
    }

    @Test(arguments: [
        (#""""#, ""), (#""ab""#, "ab"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0120\u00e9""#, "\u{120}\u{E9}"), (#""\uD83D\uDE00!""#, "\u{1F600}!"),
        ("\"\u{120}é\"", "\u{120}é"), (#""a\u0000b""#, "a\0b"),
    ])
    func `escapes become their characters`(text: String, value: String) throws {
        #expect(
            try read(text) { json throws(JSONError) in try json.readStringBytes() } == Array(value.utf8))
        #expect(try read(text) { json throws(JSONError) in try json.readText() } == value)
    }

    @Test func `bytes that are not UTF-8 are kept as bytes and refused as text`() throws {
        let bytes: [UInt8] = [0x22, 0xFF, 0x22]
        #expect(try read(bytes) { json throws(JSONError) in try json.readStringBytes() } == [0xFF])
        #expect(throws: JSONError.self) {
            try read(bytes) { json throws(JSONError) in _ = try json.readText() }
        }
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "[,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "\"",
        "\"a",
        "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\uD800\"", "\"\\uD800\\u0041\"", "\"\\uDC00\"",
        "\"\n\"",
        "tru", "truee", "nul", "falsy", "+1", "-", "01", "1.", ".5", "1e", "1e+", "1 2", "[1}", "NaN", "'a'",
        "{}x",
    ])
    func `malformed text is refused`(text: String) {
        #expect(throws: JSONError.self) { try skip(text) }
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808"])
    func `integers reach to 64 bits`(text: String) throws {
        #expect(try read(text) { json throws(JSONError) in try json.readInteger() } == Int(text))
    }

    @Test(arguments: ["9223372036854775808", "1.0", "1e3", "\"1\""])
    func `what is no integer of 64 bits is refused as one`(text: String) {
        #expect(throws: JSONError.self) {
            try read(text) { json throws(JSONError) in _ = try json.readInteger() }
        }
    }

    @Test func `a number too large for a double is refused`() {
        #expect(throws: JSONError.self) {
            try read("1e999") { json throws(JSONError) in _ = try json.readDouble() }
        }
    }

    @Test func `nesting is possible to the limit and refused one past it`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        try skip(nested(Limits.jsonDepthMax))
        #expect(throws: JSONError.self) { try skip(nested(Limits.jsonDepthMax + 1)) }
    }

    @Test func `the length of a number is bounded`() throws {
        try skip(String(repeating: "1", count: Limits.jsonNumberBytesMax))
        #expect(throws: JSONError.self) {
            try skip(String(repeating: "1", count: Limits.jsonNumberBytesMax + 1))
        }
    }

    @Test func `an error names the byte and what stands there`() throws {
        let error = try #require(throws: JSONError.self) { try skip("{\"a\": ?}") }
        #expect(error.offset == 6)
        #expect(error.message.contains("test.json (byte 6): found “?”, expected a value"))
    }

    @Test func `a text cut short anywhere is refused`() throws {
        let text = Array(#"{"a": [1, "b\u0120", {"c": -1.5e3}], "d": null, "e": false}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: JSONError.self) {
                try read(Array(text[..<end])) { json throws(JSONError) in try json.skip() }
            }
        }
    }
}

/// JSON that is kept as a tree.
@Suite struct JSONTreeTests {
    private func read(_ text: String) throws(JSONError) -> JSONValue {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            var json = JSONReader<JSONError>(UnsafeRawBufferPointer(bytes), file: "t.json")
            let value = try json.readValue()
            try json.finish()
            return value
        }
    }

    @Test func `a tree is written as it was read`() throws {
        let text = #"{"z":[1,-2.5,1.0,null,true,"é\u000a"],"a":{},"m":[{"b":[],"a":false}]}"#
        let value = try read(text)
        #expect(value.encoded == text)
        #expect(value.depth == 4)
        #expect(value["m"] == .list([.object([("b", .list([])), ("a", .flag(false))])]))
        #expect(value["n"] == nil)
        #expect(try read(#"{"a":1,"b":2}"#) != read(#"{"b":2,"a":1}"#))
        #expect(try read(#"{"a":1,"a":2}"#)["a"] == .integer(2))
    }

    @Test func `a number without point that does not fit is one with it`() throws {
        #expect(try read("9223372036854775807") == .integer(.max))
        #expect(try read("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(throws: JSONError.self) { try read("1e999") }
    }

    @Test func `as many values as allowed are kept, and one more refused`() throws {
        func text(_ count: Int) -> String {
            "[" + [String](repeating: "0", count: count - 1).joined(separator: ",") + "]"
        }
        guard case .list(let values) = try read(text(Limits.jsonValuesMax)) else {
            Issue.record("no list")
            return
        }
        #expect(values.count == Limits.jsonValuesMax - 1)
        #expect(throws: JSONError.self) { try read(text(Limits.jsonValuesMax + 1)) }
    }
}
