// SPDX-License-Identifier: MIT
import Testing

@Suite struct JSONFaultTests {
    @Test(arguments: [
        ("", "it ends too early at line 1, byte 1"), ("{", "it ends too early at line 1, byte 2"),
        ("{\n \"a\":\n  x}", "something is no value at line 3, byte 3"),
        (#"{"a" 1}"#, "something is out of place at line 1, byte 6"),
        (#"{"prompt":"a""#, "it ends too early at line 1, byte 14"),
        (#"{"prompt":"a"#, "a string is not complete at line 1, byte 13"),
        (#"{"prompt":"a"} x"#, "more follows its end at line 1, byte 16"),
        (#"{"prompt":[1}"#, "something is out of place at line 1, byte 13"),
        (#"{"prompt":}"#, "something is no value at line 1, byte 11"),
        (#"{prompt:1}"#, "something is out of place at line 1, byte 2"),
    ]) func `text that is no JSON is told with its place`(_ body: String, _ place: String) async throws {
        let reply = try await InProcess(ScriptedGenerator()).post("/v1/completions", body)
        #expect(reply.status == 400)
        #expect(reply.body.contains("the body is not JSON: \(place)"), "\(reply.body)")
    }

    @Test func `nesting too deep is told with its place`() async throws {
        let body = #"{"prompt":"a","x":"# + String(repeating: "[", count: 600)
        let reply = try await InProcess(ScriptedGenerator()).post("/v1/completions", body)
        #expect(
            reply.body.contains("too many values stand inside each other at line 1, byte"), "\(reply.body)")
    }
}
