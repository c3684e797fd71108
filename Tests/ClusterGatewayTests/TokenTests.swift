// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Foundation
import Hummingbird
import Testing

@Suite struct TokenTests {
    @Test func `the tokens around a text are told by name`() async throws {
        let reply = try await InProcess(ScriptedGenerator()).send(.get, "/tokenizer_info")
        #expect(reply.body == #"{"bos_token":"<s>","eos_token":null}"#)
    }

    @Test(arguments: [
        ("/tokenize", #"{"content":"ab"}"#, #"{"tokens":[97,98]}"#),
        ("/tokenize", #"{"content":"a","add_special":true}"#, #"{"tokens":[256,97]}"#),
        ("/tokenize", #"{"content":"</s>"}"#, #"{"tokens":[257]}"#),
        ("/tokenize", #"{"content":"</s>","parse_special":false}"#, #"{"tokens":[60,47,115,62]}"#),
        (
            "/tokenize", #"{"content":"aé","with_pieces":true}"#,
            #"{"tokens":[{"id":97,"piece":"a"},{"id":195,"piece":[195]},{"id":169,"piece":[169]}]}"#
        ),
        ("/detokenize", #"{"tokens":[256,97,195,169]}"#, #"{"content":"aé","prompt":"aé"}"#),
        ("/tokenize", #"{"prompt":"a","add_special_tokens":true}"#, #"{"tokens":[256,97]}"#),
        ("/tokenize", #"{"prompt":"a"}"#, #"{"tokens":[256,97]}"#),
        ("/tokenize", #"{"prompt":"a","add_special_tokens":false}"#, #"{"tokens":[97]}"#),
        (
            "/tokenize", #"{"messages":[{"role":"assistant","content":"a"}]}"#,
            #"{"tokens":[256,97,115,115,105,115,116,97,110,116,58,32,97]}"#
        ),
        (
            "/apply-template", #"{"messages":[{"role":"user","content":"Hi"}]}"#,
            #"{"prompt":"user: Hi\nassistant:"}"#
        ),
        (
            "/apply-template",
            #"{"messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":false}"#,
            #"{"prompt":"user: Hi\n"}"#
        ),
    ]) func `text and tokens as other servers have them`(
        _ path: String, _ body: String, _ answer: String
    )
        async throws
    {
        let reply = try await InProcess(ScriptedGenerator()).send(.post, path, body)
        #expect(reply.status == 200)
        #expect(reply.body == answer)
    }

    @Test(arguments: [true, false]) func `a long list comes in parts that are one document`(
        withPieces: Bool
    ) async throws {
        let text = String(
            (0..<2 * Limits.answerTokensAtATime + 1).map { Character(Unicode.Scalar(UInt8($0 % 128))) })
        let body = try JSONSerialization.data(withJSONObject: [
            "content": text, "with_pieces": withPieces, "parse_special": false,
        ])
        let reply = try await InProcess(ScriptedGenerator()).send(.post, "/tokenize", Array(body))
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "application/json")
        // Nobody knows how long it becomes before it is written.
        #expect(reply.headers[.contentLength] == nil)
        let tokens = try reply.json["tokens"] as? [Any]
        let ids = withPieces ? (tokens as? [[String: Any]])?.map { $0["id"] as? Int } : tokens as? [Int?]
        #expect(ids == text.utf8.map { Int($0) })
        guard withPieces else { return }
        let pieces = (tokens as? [[String: Any]])?.compactMap { $0["piece"] as? String }
        #expect(pieces == text.utf8.map { String(decoding: [$0], as: UTF8.self) })
    }

    @Test func `few bytes of a request do not become too many of an answer`() async throws {
        let gateway = InProcess(LongTokenGenerator())
        let fits = Limits.promptBytesMax / LongTokenGenerator.byteCount
        for (count, status) in [(fits, 200), (fits + 1, 400)] {
            let tokens = Array(repeating: "7", count: count).joined(separator: ",")
            let reply = try await gateway.send(.post, "/detokenize", #"{"tokens":[\#(tokens)]}"#)
            #expect(reply.status == status)
        }
    }

    @Test(arguments: [
        ("/tokenize", "{}", "content"), ("/tokenize", #"{"content":3}"#, "content"),
        ("/detokenize", "{}", "tokens"), ("/detokenize", #"{"tokens":["a"]}"#, "tokens"),
        ("/detokenize", #"{"tokens":[999]}"#, "999"),
    ]) func `what is missing or unknown is named`(_ path: String, _ body: String, _ word: String) async throws
    {
        let reply = try await InProcess(ScriptedGenerator()).send(.post, path, body)
        #expect(reply.status == 400)
        #expect(reply.body.contains(word))
    }
}

/// Of which every token is long.
private final class LongTokenGenerator: TextGenerator {
    static let byteCount = 1 << 20

    private let other = ScriptedGenerator()

    var model: ServedModel { other.model }
    var health: ServiceHealth { other.health }
    var fingerprint: String? { nil }
    func generate(_ requests: [GenerationRequest]) -> [GenerationEvents] { other.generate(requests) }
    func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] { try other.tokens(of: prompt) }
    func tokens(ofText text: String, readsMarkers: Bool) -> [UInt32] { [] }
    func rendered(_ conversation: ChatConversation) throws(GenerationError) -> String { "" }
    func text(of tokens: [UInt32]) throws(GenerationError) -> String { "short" }
    func bytes(of token: UInt32) -> [UInt8] { [UInt8](repeating: 0x61, count: Self.byteCount) }
}
