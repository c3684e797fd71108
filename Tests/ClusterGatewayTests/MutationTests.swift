// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Hummingbird
import TestSupport
import Testing

/// Valid bodies with a few edits, through the real routes.
@Suite struct MutationTests {
    private static let count = 50_000

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

    @Test func `no body brings the server down, and every answer has its form`() async throws {
        var random = SplitMix(state: 2024)
        let gateway = InProcess(ScriptedGenerator(.bytes("Hello"), contextLength: 16))
        var refusedCount = 0
        for index in 0..<Self.count {
            let seed = Self.seeds[index % Self.seeds.count]
            let body = random.mutate(Array(seed.body.utf8))
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

/// SplitMix64, and edits of bytes and of JSON's words.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    private static let words = [
        "null", "true", "-1", "0", "1e999", "99999999999999999999", "\"\"", "[]", "{}", "[[[[", "\\u0000",
        "\\ud800",
        "\"x\":", ",", "258", "4294967296", "0.5",
    ]

    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let rest = bytes.count - place
            switch Int.random(in: 0..<6, using: &self) {
            case 0 where rest > 0: bytes[place] = .random(in: 0...255, using: &self)
            case 1 where rest > 0: bytes[place] ^= 1 << UInt8.random(in: 0..<7, using: &self)
            case 2 where rest > 0:
                bytes.removeSubrange(place..<place + Int.random(in: 1...min(rest, 8), using: &self))
            case 3 where rest > 0:
                let copied = bytes[place..<place + Int.random(in: 1...min(rest, 32), using: &self)]
                bytes.insert(contentsOf: copied, at: place)
            case 4:
                // A number of the body, where it is one, becomes another value.
                guard let digit = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else {
                    continue
                }
                let word = Self.words.randomElement(using: &self) ?? ""
                bytes.replaceSubrange(digit...digit, with: Array(word.utf8))
            default:
                let word = Self.words.randomElement(using: &self) ?? ""
                bytes.insert(contentsOf: Array(word.utf8), at: place)
            }
        }
        return bytes
    }
}
