// SPDX-License-Identifier: MIT
package import BitNetCore

/// A part of an answer.
package enum AnswerPart: Equatable, Sendable {
    case thought(String)
    case content(String)
    case call(ToolCall)
}

/// Finds the calls of tools in what a model says, between `<tool_call>` and `</tool_call>`.
///
/// A call is given once it is whole: what turns out to be none stays text, tags and all, and nobody acts on half a
/// call. White space next to a call is no part of what is said, unless words follow the call.
package struct ToolCallReader: Sendable {
    private static let openingTag: StaticString = "<tool_call>"
    private static let closingTag: StaticString = "</tool_call>"

    private let form: AnswerForm.Calls
    private let types: ArgumentTypes
    /// Calls that are still taken; those after them are dropped.
    private var callsLeft: Int
    private var opening = TagSearch(openingTag)
    private var closing = TagSearch(closingTag)
    private var space = TrailingSpace()
    /// What has come of a call; `nil` outside of calls.
    private var call: [UInt8]?
    /// Nothing but white space has come since the last call.
    private var isBehindCall = false

    /// - Parameter callCountMax: further calls are dropped.
    package init(form: AnswerForm.Calls, types: ArgumentTypes, callCountMax: Int = .max) {
        self.form = form
        self.types = types
        callsLeft = callCountMax
    }

    package mutating func append(_ text: String) -> [AnswerPart] {
        var rest = Array(text.utf8)[...]
        var parts: [AnswerPart] = []
        while !rest.isEmpty {
            if call == nil {
                let (before, isFound) = opening.take(&rest)
                say(space.append(before), in: &parts)
                if isFound { call = [] }
            } else {
                let (body, isFound) = closing.take(&rest)
                call? += body
                if isFound { endCall(in: &parts) } else { checkSize(in: &parts) }
            }
        }
        return parts
    }

    /// What was held back, at the answer's end.
    package mutating func finish() -> [AnswerPart] {
        var parts: [AnswerPart] = []
        if let call {
            say(space.finish() + opening.tag + call + closing.finish(), in: &parts)
        } else {
            let text = space.append(opening.finish())
            say(text, in: &parts)
            if isBehindCall { space.drop() }
            say(space.finish(), in: &parts)
        }
        call = nil
        return parts
    }

    private mutating func say(_ text: [UInt8], in parts: inout [AnswerPart]) {
        guard !text.isEmpty else { return }
        isBehindCall = false
        let text = String(decoding: text, as: UTF8.self)
        if case .content(let before) = parts.last {
            parts[parts.count - 1] = .content(before + text)
        } else {
            parts.append(.content(text))
        }
    }

    private mutating func endCall(in parts: inout [AnswerPart]) {
        guard let body = call else { return }
        call = nil
        guard body.count <= Limits.toolCallBytesMax, let calls = calls(in: body) else {
            return say(space.finish() + opening.tag + body + closing.tag, in: &parts)
        }
        space.drop()
        isBehindCall = true
        parts += calls.prefix(callsLeft).map { .call($0) }
        callsLeft -= min(callsLeft, calls.count)
    }

    private mutating func checkSize(in parts: inout [AnswerPart]) {
        guard let body = call, body.count > Limits.toolCallBytesMax else { return }
        call = nil
        say(space.finish() + opening.tag + body + closing.finish(), in: &parts)
    }

    private func calls(in body: [UInt8]) -> [ToolCall]? {
        switch form {
        case .json: return ToolCall(json: body).map { [$0] }
        case .elements:
            var reader = ElementReader(body, types: types)
            return reader.calls()
        }
    }
}
