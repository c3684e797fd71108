// SPDX-License-Identifier: MIT
package import BitNetCore
import BitNetFormats
import BitNetTokenizer
import Synchronization
import TextGeneration

extension ServingCoordinator: TextGenerator {
    package var model: ServedModel { subject.served }

    package var health: ServiceHealth {
        state.withLock { state in
            let last = (state.pipeline?.generator.meter ?? state.lastMeter).lastReturn
            return state.serving.health(sinceLastToken: last.map { $0.duration(to: .now) })
        }
    }

    package func generate(
        _ request: GenerationRequest
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let (generator, unavailability) = state.withLock { state in
            let generator = state.serving.isDraining ? nil : state.pipeline?.generator
            if generator != nil { state.enteringCount += 1 }
            return (generator, state.serving.health(sinceLastToken: nil).reason)
        }
        if let generator {
            defer { state.withLock { $0.enteringCount -= 1 } }
            return generator.generate(request)
        }
        return AsyncThrowingStream { continuation in
            continuation.finish(
                throwing: GenerationError(
                    .unavailable, unavailability ?? "the service is not ready", retryAfter: .seconds(2)))
        }
    }

    package func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] {
        try subject.codec.tokens(of: prompt)
    }

    package func tokens(ofText text: String, readsMarkers: Bool) -> [UInt32] {
        subject.codec.tokenizer.encode(text, addsBeginning: false, parsesSpecial: readsMarkers)
    }

    package func rendered(_ messages: [ChatMessage]) throws(GenerationError) -> String {
        try subject.codec.rendered(messages)
    }

    package func text(of tokens: [UInt32]) throws(GenerationError) -> String {
        try subject.codec.text(of: tokens)
    }

    package func bytes(of token: UInt32) -> [UInt8] { subject.codec.bytes(of: token) }
}
