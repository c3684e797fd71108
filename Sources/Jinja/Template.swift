// SPDX-License-Identifier: MIT

/// A chat template, as models publish them: a Jinja program that writes a conversation as the model read it.
///
/// Renders what Transformers renders, byte for byte: Jinja's immutable sandbox with `trim_blocks`,
/// `lstrip_blocks`, loop controls and the `generation` statement, its `tojson` that of Python's `json`, and
/// `raise_exception` and `strftime_now` beside Jinja's own functions.
package struct Template: Sendable {
    private let program: Program

    /// Reads a template, all of it.
    package init(_ source: String, limits: JinjaLimits = .init()) throws(JinjaError) {
        program = try Parser.program(of: source, limits: limits)
    }

    /// The text that the template makes of a conversation.
    ///
    /// - Parameters:
    ///   - context: the template's variables; the last one of a name counts.
    ///   - now: the current time in a format of `strftime`, for `strftime_now`; `nil` if there is none to tell.
    package func render(
        _ context: [(String, JinjaValue)], limits: JinjaLimits = .init(),
        now: @escaping (String) -> String? = { _ in nil }
    ) throws(JinjaError) -> String {
        let interpreter = Interpreter(program, limits: limits, now: now)
        return try interpreter.render(context)
    }
}
