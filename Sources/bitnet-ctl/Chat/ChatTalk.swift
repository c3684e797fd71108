// SPDX-License-Identifier: MIT
import BitNetCore
import CommandLine
import OperatorLogic

/// The turns of a conversation.
struct ChatTalk {
    let answerer: ChatAnswerer
    let console: Console
    let isInteractive: Bool

    /// - Returns: whether every message was answered; at a terminal the user has seen which were not.
    func run(system: String?, message: String?) async throws -> Bool {
        let interrupts = Interrupts()
        let input = StandardInput()
        var conversation = Conversation(system: system)
        if let message {
            conversation.ask(message == "-" ? try await input.readAll() : message)
            return try await answer(&conversation, interrupts)
        }
        if isInteractive {
            console.note("\(answerer.request.model) at \(answerer.remote.address.base); /help lists commands")
        }
        var isAllAnswered = true
        while let line = try await nextLine(input, interrupts) {
            switch isInteractive ? ChatInput(line: line) : line.isEmpty ? .nothing : .message(line) {
            case .message(let text):
                conversation.ask(text)
                isAllAnswered = try await answer(&conversation, interrupts) && isAllAnswered
            case .regenerate:
                guard conversation.forgetAnswer() else {
                    console.note("there is no answer yet")
                    continue
                }
                _ = try await answer(&conversation, interrupts)
            case .reset:
                conversation.reset()
                console.note("the conversation is forgotten")
            case .system(let text):
                conversation.setSystem(text)
                console.note(
                    text.isEmpty ? "the model is told nothing beforehand" : "the model is told so from now on"
                )
            case .help: console.note(ChatInput.commandsText)
            case .unknown(let word):
                console.note("there is no \(PrintableText.line(word)); /help lists what there is")
            case .exit: return true
            case .nothing: continue
            }
        }
        return isInteractive || isAllAnswered
    }

    /// `nil` at the end of the input, and when the user interrupts at the prompt.
    private func nextLine(_ input: StandardInput, _ interrupts: Interrupts) async throws -> String? {
        guard isInteractive else { return await input.nextLine() }
        console.write("> ")
        let line = try await interrupts.cancelling { await input.nextLine() }
        if line == nil { console.write("\n") }
        return line
    }

    /// - Returns: whether there was an answer, even if the user has cut it short.
    private func answer(_ conversation: inout Conversation, _ interrupts: Interrupts) async throws -> Bool {
        let messages = conversation.messages
        let answerer = answerer
        let answer = ChatAnswer()
        do {
            _ = try await interrupts.cancelling { try await answerer.stream(messages, into: answer) }
            conversation.answer(answer.text, thought: answer.thought)
            return true
        } catch is CancellationError {
            conversation.answer(answer.text, thought: answer.thought)
            console.write("\n")
            console.note("stopped")
            guard isInteractive else { throw CancellationError() }
            return true
        } catch let error as any RemediableError {
            if !answer.text.isEmpty { console.write("\n") }
            console.note("error: \(error.message)")
            // The question may be asked again; half an answer would mislead what follows.
            conversation.takeBack()
            return false
        }
    }
}
