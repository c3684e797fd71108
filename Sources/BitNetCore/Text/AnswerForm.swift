// SPDX-License-Identifier: MIT

/// What a model's answers hold beside words, and how it is marked: as its chat template writes it, which is how the
/// model was trained.
package struct AnswerForm: Equatable, Sendable {
    /// How a call of a tool is written between `<tool_call>` and `</tool_call>`.
    package enum Calls: String, CaseIterable, Sendable {
        /// `{"name": "NAME", "arguments": {…}}`, as Hermes and Qwen 2.5 and 3 do.
        case json
        /// `<function=NAME><parameter=ARGUMENT>VALUE</parameter></function>`, as Qwen3-Coder and Qwen3.5 do.
        case elements
    }

    /// Thoughts stand between `<think>` and `</think>`, before what is said.
    package var thinks: Bool
    /// `nil` if the model calls no tools, or in a form that is not known here.
    package var calls: Calls?

    /// The tags that mark it in the text.
    package var tags: [String] {
        (thinks ? ["<think>", "</think>"] : []) + (calls == nil ? [] : ["<tool_call>", "</tool_call>"])
    }

    package init(thinks: Bool = false, calls: Calls? = nil) {
        self.thinks = thinks
        self.calls = calls
    }

    /// The form that a template has.
    ///
    /// - Parameter template: the template's source, in which the tags stand as it writes them.
    package init(template: String) {
        thinks = template.contains("<think>")
        calls =
            if !template.contains("<tool_call>") {
                nil
            } else {
                template.contains("<function=") ? .elements : .json
            }
    }
}
