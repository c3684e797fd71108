// SPDX-License-Identifier: MIT
import BitNetCore
import OperatorLogic
import Testing

@Suite struct ChatTests {
    @Test func `lines that begin with a slash are commands`() {
        #expect(ChatInput(line: "Hello /reset") == .message("Hello /reset"))
        #expect(ChatInput(line: "  two  spaces ") == .message("  two  spaces "))
        #expect(ChatInput(line: " /reset ") == .reset)
        #expect(ChatInput(line: "/reset now") == .unknown("/reset"))
        #expect(ChatInput(line: "/system  Be brief. ") == .system("Be brief."))
        #expect(ChatInput(line: "/system") == .system(""))
        #expect(ChatInput(line: "/regen") == .regenerate)
        #expect(ChatInput(line: "/exit") == .exit)
        #expect(ChatInput(line: "/help") == .help)
        #expect(ChatInput(line: "/quit") == .unknown("/quit"))
        #expect(ChatInput(line: " \t") == .nothing)
    }

    @Test func `a conversation carries everything that was said, in turns`() {
        var conversation = Conversation(system: "Be brief.")
        conversation.ask("Hi")
        conversation.answer("Hello")
        conversation.ask("More")
        #expect(
            conversation.messages == [
                ChatMessage(.system, "Be brief."), ChatMessage(.user, "Hi"),
                ChatMessage(.assistant, "Hello"), ChatMessage(.user, "More"),
            ])
        conversation.answer("")
        #expect(conversation.messages.last == ChatMessage(.assistant, "Hello"))
        let hadAnswer = conversation.forgetAnswer()
        #expect(hadAnswer)
        #expect(conversation.messages.last == ChatMessage(.user, "Hi"))
        let hasAnswer = conversation.forgetAnswer()
        #expect(!hasAnswer)
        conversation.takeBack()
        #expect(conversation.isEmpty)
        conversation.setSystem("")
        #expect(conversation.messages.isEmpty)
    }

    @Test func `what was thought goes with the answer`() {
        var conversation = Conversation()
        conversation.ask("Hi")
        conversation.answer("Hello", thought: "A greeting.")
        var answer = ChatMessage(.assistant, "Hello")
        answer.reasoning = "A greeting."
        #expect(conversation.messages.last == answer)
        conversation.ask("More")
        conversation.answer("", thought: "Half a thought")
        #expect(conversation.messages.last == answer)
    }

    @Test func `a model cannot move the cursor`() {
        #expect(
            TerminalText.shown("a\tb\nc\u{1B}[2J\u{07}\r\u{9B}é👍🏽")
                == "a\tb\nc\u{FFFD}[2J\u{FFFD}\u{FFFD}\u{FFFD}é👍🏽")
    }
}
