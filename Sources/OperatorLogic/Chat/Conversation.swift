// SPDX-License-Identifier: MIT
package import BitNetCore

/// What was said, so that every request carries all of it.
package struct Conversation: Equatable, Sendable {
    package private(set) var system: String?
    private var turns: [ChatMessage] = []

    package init(system: String? = nil) {
        setSystem(system ?? "")
    }

    /// What is sent for the next answer.
    package var messages: [ChatMessage] {
        (system.map { [ChatMessage(.system, $0)] } ?? []) + turns
    }

    package var isEmpty: Bool { turns.isEmpty }

    /// Applies to what follows; what was said stays.
    package mutating func setSystem(_ text: String) {
        system = text.isEmpty ? nil : text
    }

    package mutating func ask(_ text: String) {
        turns.append(ChatMessage(.user, text))
    }

    /// The answer, or as much of it as there was when it was stopped.
    ///
    /// Without any text the question is taken back: a conversation alternates.
    /// - Parameter thought: what was thought before; whether the model sees it again is for its template to say.
    package mutating func answer(_ text: String, thought: String = "") {
        guard !text.isEmpty else { return takeBack() }
        var answer = ChatMessage(.assistant, text)
        answer.reasoning = thought.isEmpty ? nil : thought
        turns.append(answer)
    }

    /// Forgets a question that got no answer.
    package mutating func takeBack() {
        if turns.last?.role == .user { turns.removeLast() }
    }

    /// Forgets the last answer, so that its question can be asked again; false if there is none.
    package mutating func forgetAnswer() -> Bool {
        guard turns.last?.role == .assistant else { return false }
        turns.removeLast()
        return true
    }

    package mutating func reset() {
        turns = []
    }
}
