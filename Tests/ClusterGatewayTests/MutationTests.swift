// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Foundation
import Hummingbird
import TestSupport
import Testing

/// Valid bodies with a few edits, through the real routes.
@Suite struct MutationTests {
    /// More by hand: `BITNET_MUTATIONS=500000`.
    private static let count =
        ProcessInfo.processInfo.environment["BITNET_MUTATIONS"].flatMap(Int.init) ?? 5_000

    private static let seeds: [(path: String, body: String)] = [
        (
            "/v1/chat/completions",
            #"{"model":"tiny","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"é😀"}]}],"max_tokens":3,"temperature":0.5,"top_p":0.9,"top_k":4,"n":2,"stop":["a"],"seed":1,"logprobs":true,"top_logprobs":2,"logit_bias":{"5":-1}}"#
        ),
        (
            "/v1/chat/completions",
            #"{"messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (
            "/v1/chat/completions",
            #"{"messages":[{"role":"user","content":""}],"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"a":{"type":["string","null"]}}}}}],"parallel_tool_calls":false,"reasoning_format":"auto","stream":true}"#
        ),
        (
            "/v1/completions",
            #"{"prompt":[[97,98],[99]],"echo":true,"logprobs":1,"max_tokens":1,"temperature":0,"seed":1234}"#
        ),
        (
            "/v1/completions",
            #"{"prompt":["Once","upon"],"n":2,"stream":true,"logprobs":3,"echo":true,"best_of":2}"#
        ),
        ("/tokenize", #"{"content":"a</s>b","add_special":true,"parse_special":false,"with_pieces":true}"#),
        ("/detokenize", #"{"tokens":[256,97,195,169]}"#),
        ("/apply-template", #"{"messages":[{"role":"user","content":"Hi"}]}"#),
    ]

    /// To which readers of JSON are sensitive.
    private static let words = [
        "null", "true", "-1", "0", "1e999", "99999999999999999999", "\"\"", "[]", "{}", "[[[[", "\\u0000",
        "\\ud800",
        "\"x\":", ",", "258", "4294967296", "0.5",
    ]

    @Test func `no body brings the server down, and every answer has its form`() async throws {
        var mutator = Mutator(seed: 2024, words: Self.words)
        let generator = ScriptedGenerator(
            .bytes("Hello"), contextLength: 16, readsTools: true,
            answerForm: AnswerForm(thinks: true, calls: .elements))
        let gateway = InProcess(generator)
        var refusedCount = 0
        for index in 0..<Self.count {
            let seed = Self.seeds[index % Self.seeds.count]
            let body = mutator.mutate(Array(seed.body.utf8))
            let reply = try await gateway.send(.post, seed.path, body)
            let shown = String(decoding: body, as: UTF8.self)
            #expect(
                reply.status == 200 || reply.status == 400 || reply.status == 404, "\(shown): \(reply.status)"
            )
            guard reply.status != 200 else {
                if reply.headers[.contentType] == "application/json" {
                    _ = try JSONTree.object(reply.body)
                } else {
                    #expect(reply.body.hasSuffix("data: [DONE]\n\n"), "\(shown)")
                }
                continue
            }
            refusedCount += 1
            let error = try #require(try reply.json["error"] as? [String: Any], "\(shown)")
            #expect(Set(error.keys) == ["message", "type", "param", "code"], "\(shown)")
            #expect((error["message"] as? String)?.isEmpty == false, "\(shown)")
        }
        // Both kinds must have been there.
        #expect((Self.count / 10..<Self.count).contains(refusedCount))
    }
}
