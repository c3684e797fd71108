// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway

/// An answer as a reader takes it apart, words that follow each other as one.
func parts(_ pieces: [String], _ reader: AnswerReader) -> [AnswerPart] {
    var reader = reader
    var parts: [AnswerPart] = []
    for part in pieces.flatMap({ reader.append($0) }) + reader.finish() {
        switch (parts.last, part) {
        case (.thought(let before), .thought(let text)): parts[parts.count - 1] = .thought(before + text)
        case (.content(let before), .content(let text)): parts[parts.count - 1] = .content(before + text)
        default: parts.append(part)
        }
    }
    return parts
}

/// The text in two pieces, cut at each place where a character's bytes end, and in as many pieces as it can be cut.
func cuts(_ text: String) -> [[String]] {
    let scalars = text.unicodeScalars
    return scalars.indices.map { [String(scalars[..<$0]), String(scalars[$0...])] } + [
        scalars.map { String($0) }
    ]
}

extension AnswerReader {
    static func thinking(isOpen: Bool = false) -> AnswerReader {
        AnswerReader(thoughts: ThoughtSplitter(isOpen: isOpen))
    }

    static func calling(_ form: AnswerForm.Calls, tools: [JSONValue] = []) -> AnswerReader {
        AnswerReader(calls: ToolCallReader(form: form, types: ArgumentTypes(tools: tools)))
    }
}
