// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// What a chat completion says, however it came.
struct ChatAnswer: Equatable {
    struct Call: Equatable {
        var id: String
        var name: String
        var arguments: String
    }

    /// `nil` for `null`, or a stream without any but the empty one that it begins with.
    var content: String?
    var thought: String?
    var calls: [Call] = []
    var finish: String?
    /// Texts of the log-probabilities' tokens.
    var tokens: [String] = []
    var completionTokens: Int?
    var reasoningTokens: Int?

    /// Asks for it in one piece.
    static func whole(_ gateway: InProcess, _ fields: String) async throws -> ChatAnswer {
        let reply = try await gateway.post("/v1/chat/completions", "{\(fields)}")
        #expect(reply.status == 200, "\(reply.body)")
        let document = try reply.json
        let choice = try #require((document["choices"] as? [[String: Any]])?.first)
        let message = try #require(choice["message"] as? [String: Any])
        var answer = ChatAnswer(content: message["content"] as? String)
        answer.thought = message["reasoning_content"] as? String
        answer.calls = try (message["tool_calls"] as? [[String: Any]] ?? []).map { call in
            #expect(call["type"] as? String == "function" && call["index"] == nil)
            let function = try #require(call["function"] as? [String: Any])
            return Call(
                id: try #require(call["id"] as? String), name: try #require(function["name"] as? String),
                arguments: try #require(function["arguments"] as? String))
        }
        answer.finish = choice["finish_reason"] as? String
        answer.take(tokensOf: choice)
        answer.take(usageOf: document)
        return answer
    }

    /// Asks for a stream, and puts it together as clients do.
    static func streamed(_ gateway: InProcess, _ fields: String) async throws -> ChatAnswer {
        let reply = try await gateway.post(
            "/v1/chat/completions", "{\(fields),\"stream\":true,\"stream_options\":{\"include_usage\":true}}")
        #expect(reply.status == 200, "\(reply.body)")
        var answer = ChatAnswer()
        for line in reply.body.split(separator: "\n\n") where line != "data: [DONE]" {
            let document = try JSONTree.object(String(line.dropFirst("data: ".count)))
            answer.take(usageOf: document)
            guard let choice = (document["choices"] as? [[String: Any]])?.first else { continue }
            let delta = try #require(choice["delta"] as? [String: Any])
            if let text = delta["content"] as? String, delta["role"] == nil, !text.isEmpty {
                answer.content = (answer.content ?? "") + text
            }
            if let text = delta["reasoning_content"] as? String {
                #expect(answer.content == nil, "thoughts come before words")
                answer.thought = (answer.thought ?? "") + text
            }
            for call in delta["tool_calls"] as? [[String: Any]] ?? [] { try answer.take(call) }
            answer.take(tokensOf: choice)
            answer.finish = choice["finish_reason"] as? String ?? answer.finish
        }
        return answer
    }

    private mutating func take(_ call: [String: Any]) throws {
        let index = try #require(call["index"] as? Int)
        let function = try #require(call["function"] as? [String: Any])
        let arguments = try #require(function["arguments"] as? String)
        if let id = call["id"] as? String {
            #expect(index == calls.count && call["type"] as? String == "function" && arguments.isEmpty)
            calls.append(
                Call(id: id, name: try #require(function["name"] as? String), arguments: ""))
        } else {
            #expect(index == calls.count - 1 && function["name"] == nil)
            calls[index].arguments += arguments
        }
    }

    private mutating func take(tokensOf choice: [String: Any]) {
        guard let list = (choice["logprobs"] as? [String: Any])?["content"] as? [[String: Any]] else {
            return
        }
        tokens += list.compactMap { $0["token"] as? String }
    }

    private mutating func take(usageOf document: [String: Any]) {
        guard let usage = document["usage"] as? [String: Any] else { return }
        completionTokens = usage["completion_tokens"] as? Int
        reasoningTokens =
            (usage["completion_tokens_details"] as? [String: Any])?["reasoning_tokens"] as? Int
    }
}
