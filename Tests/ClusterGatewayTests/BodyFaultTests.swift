// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

@Suite struct BodyFaultTests {
    @Test(arguments: [
        ("", "found the end, expected a value at line 1, byte 1"),
        ("{", "found the end, expected a key in quotation marks at line 1, byte 2"),
        ("{\n \"a\":\n  x}", "found “x”, expected a value at line 3, byte 3"),
        (#"{"a" 1}"#, "found “1”, expected a colon at line 1, byte 6"),
        (
            #"{"prompt":"a""#,
            "found the end, expected a comma or the end of an object at line 1, byte 14"
        ),
        (#"{"prompt":"a"#, "found the end, expected the end of a string at line 1, byte 13"),
        (#"{"prompt":"a"} x"#, "found “x”, expected nothing behind the value at line 1, byte 16"),
        (#"{"prompt":[1}"#, "found “}”, expected a comma or the end of an array at line 1, byte 13"),
        (#"{"prompt":}"#, "found “}”, expected a value at line 1, byte 11"),
        (#"{prompt:1}"#, "found “p”, expected a key in quotation marks at line 1, byte 2"),
    ]) func `text that is no JSON is told with its place`(_ body: String, _ place: String) async throws {
        let reply = try await InProcess(ScriptedGenerator()).post("/v1/completions", body)
        #expect(reply.status == 400)
        #expect(reply.body.contains("the body is not JSON: "), "\(reply.body)")
        // In JSON the body's own quotation marks are escaped; the places have none.
        #expect(reply.body.contains(place), "\(reply.body)")
    }

    @Test func `nesting too deep is told with its place`() async throws {
        let body = #"{"prompt":"a","x":"# + String(repeating: "[", count: 600)
        let reply = try await InProcess(ScriptedGenerator()).post("/v1/completions", body)
        #expect(
            reply.body.contains(
                "expected at most \(Limits.jsonBodyDepthMax) values inside each other at line 1"),
            "\(reply.body)")
    }
}
