// SPDX-License-Identifier: MIT

import BitNetCore

/// What a chat template does with a conversation, found by trying.
package struct TemplateTraits: Equatable, Sendable {
    /// Whether the model thinks before it answers.
    package enum Thinking: String, CaseIterable, Sendable {
        case never
        case always
        /// Unless `enable_thinking` is false.
        case byDefault = "by default"
        /// If `enable_thinking` is true.
        case onRequest = "on request"
    }

    /// Whether a message's text may be one.
    package var takesText = true
    /// Whether a message's text may be in parts.
    package var takesParts = false
    /// Whether the content of a message that only calls tools may be `null`.
    package var takesNoContent = true
    package var readsTools = false
    package var thinking = Thinking.never
}

extension FileTemplate {
    /// A word that no template writes by itself.
    private static let probe = "qzprobe"

    /// Tries what the template does; one that fails at everything has the usual traits.
    func triedTraits() -> TemplateTraits {
        var traits = TemplateTraits()
        let words = Self.probe
        let asText = text(of: [ChatMessage(.user, words)], traits) ?? ""
        var parts = traits
        parts.takesParts = true
        let asParts = text(of: [ChatMessage(.user, .parts([words]))], parts) ?? ""
        // One that knows no parts may write how they look in Python.
        traits.takesParts = asParts.contains(words) && !asParts.contains("type")
        traits.takesText = asText.contains(words) || !traits.takesParts
        traits.readsTools = readsTools(traits)
        traits.takesNoContent = takesNoContent(traits)
        traits.thinking = thinking(traits)
        return traits
    }

    private func readsTools(_ traits: TemplateTraits) -> Bool {
        let tool = JSONValue.object([
            ("type", .text("function")),
            (
                "function",
                .object([
                    ("name", .text(Self.probe)), ("description", .text("d")),
                    (
                        "parameters",
                        .object([
                            ("type", .text("object")), ("properties", .object([])), ("required", .list([])),
                        ])
                    ),
                ])
            ),
        ])
        return text(of: [ChatMessage(.user, "a")], traits) { $0.tools = [tool] }?.contains(Self.probe) == true
    }

    private func takesNoContent(_ traits: TemplateTraits) -> Bool {
        var call = ChatMessage(.assistant, nil as ChatContent?)
        call.toolCalls = [ToolCall(id: "000000000", name: Self.probe, arguments: .object([]))]
        var result = ChatMessage(.tool, "a")
        result.toolCallID = "000000000"
        let written = text(of: [ChatMessage(.user, "a"), call, result], traits)
        if let written { return !written.contains("None") }
        var other = traits
        other.takesNoContent = false
        return text(of: [ChatMessage(.user, "a"), call, result], other) == nil
    }

    private func thinking(_ traits: TemplateTraits) -> TemplateTraits.Thinking {
        guard source.contains("<think>") else { return .never }
        func text(_ thinks: Bool?) -> String? {
            self.text(of: [ChatMessage(.user, "a")], traits) { conversation in
                conversation.templateArguments = thinks.map { ["enable_thinking": .flag($0)] } ?? [:]
            }
        }
        let usual = text(nil)
        guard text(true) != text(false) else {
            // An answer that starts behind a thought has none.
            return usual?.contains("</think>") == true ? .never : .always
        }
        return usual == text(false) ? .onRequest : .byDefault
    }

    private func text(
        of messages: [ChatMessage], _ traits: TemplateTraits,
        _ change: (inout ChatConversation) -> Void = { _ in }
    ) -> String? {
        var conversation = ChatConversation(messages, ending: .opensAnswer)
        change(&conversation)
        return try? rendered(conversation, traits: traits, guarded: { $0 }, now: { _ in "1" })
    }
}
