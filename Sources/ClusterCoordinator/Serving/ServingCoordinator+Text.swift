// SPDX-License-Identifier: MIT
import AdminAPI
package import BitNetCore
import BitNetFormats
import BitNetTokenizer
import Synchronization
import TextGeneration

extension ServingCoordinator: TextGenerator {
    package var model: ServedModel { subject.served }

    package var health: ServiceHealth { supervisor.health }

    package var fingerprint: String? { supervisor.plan?.fingerprint }

    package func generate(_ request: GenerationRequest) -> GenerationEvents {
        // Before it is asked whether anybody is served: who drains then sees this request.
        enteringCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { enteringCount.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        do throws(GenerationError) {
            return try supervisor.generator().generate(request)
        } catch {
            return GenerationEvents(failing: error)
        }
    }

    package func tokens(of prompt: Prompt) throws(GenerationError) -> [UInt32] {
        try subject.codec.tokens(of: prompt)
    }

    package func tokens(ofText text: String, readsMarkers: Bool) -> [UInt32] {
        subject.codec.tokenizer.encode(text, addsBeginning: false, parsesSpecial: readsMarkers)
    }

    package func rendered(_ conversation: ChatConversation) throws(GenerationError) -> String {
        try subject.codec.rendered(conversation)
    }

    package func text(of tokens: [UInt32]) throws(GenerationError) -> String {
        try subject.codec.text(of: tokens)
    }

    package func bytes(of token: UInt32) -> [UInt8] { subject.codec.bytes(of: token) }
}
