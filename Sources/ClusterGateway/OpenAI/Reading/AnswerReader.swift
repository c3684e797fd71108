// SPDX-License-Identifier: MIT
import BitNetCore

/// Reads a model's answer as it comes: what is thought, what is said, and which tools are called.
package struct AnswerReader: Sendable {
    /// `nil` where thoughts are part of what is said.
    var thoughts: ThoughtSplitter?
    /// `nil` where calls are.
    var calls: ToolCallReader?

    package init(thoughts: ThoughtSplitter? = nil, calls: ToolCallReader? = nil) {
        self.thoughts = thoughts
        self.calls = calls
    }

    /// Whether what came last belongs to a thought: words have not begun.
    package var isThinking: Bool { thoughts?.isThinking ?? false }
    /// Whether thoughts are told apart at all.
    var splitsThoughts: Bool { thoughts != nil }

    package mutating func append(_ text: String) -> [AnswerPart] {
        guard let split = thoughts?.append(text) else { return said(text) }
        return parts(of: split)
    }

    /// What was held back, at the answer's end.
    package mutating func finish() -> [AnswerPart] {
        let parts = (thoughts?.finish()).map { self.parts(of: $0) } ?? []
        return parts + (calls?.finish() ?? [])
    }

    private mutating func parts(of split: ThoughtSplitter.Split) -> [AnswerPart] {
        (split.thought.isEmpty ? [] : [.thought(split.thought)]) + said(split.content)
    }

    private mutating func said(_ text: String) -> [AnswerPart] {
        if text.isEmpty { return [] }
        return calls?.append(text) ?? [.content(text)]
    }
}
