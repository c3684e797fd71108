// SPDX-License-Identifier: MIT
import BitNetCore
import CommandLine

/// Answers messages in the format of the model's chat template.
struct Chatting {
    let answering: Answering
    let options: ChatOptions

    /// One conversation: that of `--messages`, one message, or the lines of `--prompts`.
    func run(_ generation: GenerationOptions) async throws {
        let input = StandardInput()
        if let messages = try await options.readMessages(input) {
            _ = try await answering.answer(messages)
            return
        }
        var history = options.system.map { [ChatMessage(.system, $0)] } ?? []
        if let prompt = generation.prompt {
            history.append(ChatMessage(.user, prompt == "-" ? try await input.readAll() : prompt))
            _ = try await answering.answer(history)
            return
        }
        try await PromptLines(generation.prompts).forEach { line in
            history.append(ChatMessage(.user, line))
            history.append(ChatMessage(.assistant, try await answering.answer(history)))
        }
    }
}
