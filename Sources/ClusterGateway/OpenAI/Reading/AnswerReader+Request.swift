// SPDX-License-Identifier: MIT
import BitNetCore

extension AnswerReader {
    /// The reader that a request's answers want.
    ///
    /// - Parameters:
    ///   - form: how the model marks what is no word.
    ///   - promptEnd: the last bytes of the prompt as the model got it.
    init(_ request: ChatRequest, form: AnswerForm, format: ReasoningFormat, promptEnd: [UInt8]) {
        if form.thinks, format.splitsThoughts {
            thoughts = ThoughtSplitter(isOpen: request.conversation.isThinking(at: promptEnd))
        }
        let tools = request.conversation.tools
        if let form = form.calls, !tools.isEmpty {
            calls = ToolCallReader(
                form: form, types: ArgumentTypes(tools: tools), callCountMax: request.callCountMax)
        }
    }
}

extension ChatConversation {
    private static let tag = Array("<think>".utf8)

    /// Whether what follows the prompt is inside a thought that the prompt has opened.
    fileprivate func isThinking(at promptEnd: [UInt8]) -> Bool {
        switch ending {
        // What somebody says stands before what opens an answer, so it cannot be taken for that.
        case .opensAnswer: return promptEnd.trimmed.suffix(Self.tag.count).elementsEqual(Self.tag)
        case .continuesLast:
            let text = messages.last?.text ?? ""
            guard let opening = text.ranges(of: "<think>").last else { return false }
            return !text[opening.upperBound...].contains("</think>")
        case .closed: return false
        }
    }
}
