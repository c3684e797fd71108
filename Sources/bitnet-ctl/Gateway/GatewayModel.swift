// SPDX-License-Identifier: MIT
import BitNetCore
import NIOHTTP1
import OperatorLogic
import OperatorReports

/// A cluster's model by way of its gateway: tokens in, tokens and log-probabilities out.
struct GatewayModel: Sendable {
    let remote: Remote
    let id: String
    /// Tokens that prompt and answer may have together; `nil` if the gateway does not tell.
    let contextLength: Int?

    init(_ remote: Remote) async throws {
        let models = try await remote.get("/models", as: ModelList.self)
        guard let model = models.data.first else {
            throw RemoteError("\(remote.address.base) serves no model")
        }
        self.remote = remote
        id = model.id
        contextLength = model.meta?.nCtx.flatMap { (2...Limits.contextMax).contains($0) ? $0 : nil }
    }

    /// What follows a prompt.
    func continuation(of prompt: [UInt32], _ draw: TokenDraw, tokenCountMax: Int) async throws -> TokenTrace {
        var request = CompletionRequest(model: id, prompt: prompt, maxTokens: tokenCountMax)
        request.temperature = draw.temperature
        request.topP = draw.topP
        request.seed = draw.seed
        let list = try await logProbabilities(request)
        var trace = TokenTrace()
        for (token, logProbability) in zip(list.tokens, list.tokenLogprobs) {
            guard let logProbability else { throw remote.address.unreadable }
            trace.append(token, logProbability)
        }
        guard trace.count <= tokenCountMax, list.tokens.count == list.tokenLogprobs.count else {
            throw remote.address.unreadable
        }
        return trace
    }

    /// The log-probability of every token after the first, given those before it.
    func scores(of tokens: [UInt32]) async throws -> [Float] {
        var request = CompletionRequest(model: id, prompt: tokens, maxTokens: 0)
        request.echo = true
        let list = try await logProbabilities(request)
        let scores = list.tokenLogprobs.dropFirst().compactMap(\.self)
        guard list.tokenLogprobs.count == tokens.count, scores.count == tokens.count - 1 else {
            throw remote.address.unreadable
        }
        return scores
    }

    /// The tokens of a text with what stands before every text.
    func tokens(of text: String) async throws -> [UInt32] {
        // The path of llama.cpp's server, which stands beside OpenAI's.
        try await remote.send(
            .POST, "//tokenize", JSONDocument.bytes(TokenizeRequest(content: text)), as: TokenizeAnswer.self,
            bytesMax: Limits.completionBytesMax
        ).tokens
    }

    private func logProbabilities(_ request: CompletionRequest) async throws -> Completion.LogProbabilities {
        let completion = try await remote.send(
            .POST, "/completions", JSONDocument.bytes(request), as: Completion.self,
            bytesMax: Limits.completionBytesMax, within: Limits.generationTimeout)
        guard let list = completion.choices.first?.logprobs else { throw remote.address.unreadable }
        return list
    }
}
