// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
package import OperatorLogic
package import TextGeneration

/// One text that both sides write.
package struct VerifyCase: Equatable, Sendable {
    package let prompt: String
    package let tokens: [UInt32]
    package let draw: TokenDraw
    package let tokenCountMax: Int

    var mode: String { draw.temperature == 0 ? "greedy" : "sampled" }

    /// Every prompt once with the most probable tokens and once with drawn ones.
    package static func cases(
        _ prompts: [(text: String, tokens: [UInt32])], tokenCountMax: Int, seed: UInt64
    ) -> [VerifyCase] {
        prompts.enumerated().flatMap { index, prompt in
            [TokenDraw(), TokenDraw(temperature: 0.8, topP: 0.95, seed: seed &+ UInt64(clamping: index))].map
            { draw in
                VerifyCase(
                    prompt: prompt.text, tokens: prompt.tokens, draw: draw, tokenCountMax: tokenCountMax)
            }
        }
    }

    /// What the stages of this process write.
    ///
    /// - Throws: what the pipeline throws.
    package func trace(by generator: Generator) async throws -> TokenTrace {
        var sampling = SamplingParameters()
        // As the gateway reads them.
        sampling.temperature = Float(draw.temperature)
        sampling.topP = Float(draw.topP)
        sampling.seed = draw.seed
        sampling.wantsLogProbabilities = true
        var trace = TokenTrace()
        let request = GenerationRequest(
            prompt: .tokens(tokens), tokenCountMax: tokenCountMax, sampling: sampling)
        for try await event in generator.generate(request) {
            guard case .token(let token) = event else { continue }
            trace.append(
                TokenTrace.name(of: generator.codec.bytes(of: token.id)),
                TokenTrace.written(token.logProbability ?? .nan))
        }
        return trace
    }
}
