// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway

/// Reads what a model may answer, in each form and from inside a thought and outside, at once and character by
/// character: both must give the same.
enum AnswerTarget {
    private static let types = ArgumentTypes(tools: SampleTools.all)

    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        guard let text = String(validating: bytes, as: UTF8.self) else { return .refused("not UTF-8") }
        var callCount = 0
        for form in AnswerForm.Calls.allCases {
            for isOpen in [false, true] {
                let reader = AnswerReader(
                    thoughts: ThoughtSplitter(isOpen: isOpen),
                    calls: ToolCallReader(form: form, types: types))
                let whole = Reading(reader) { read in read(text) }
                let pieces = Reading(reader) { read in
                    for scalar in text.unicodeScalars { read(String(scalar)) }
                }
                guard whole == pieces else { throw FuzzFinding("\(form): cut, it is another answer") }
                guard whole.thought.utf8.count + whole.content.utf8.count <= bytes.count else {
                    throw FuzzFinding("\(form): more words than the answer has")
                }
                for call in whole.calls {
                    guard !call.name.isEmpty, case .object = call.arguments else {
                        throw FuzzFinding("\(form): a call without a name or without arguments")
                    }
                }
                callCount += whole.calls.count
            }
        }
        return callCount > 0 ? .accepted : .refused("no call")
    }

    /// What a reader made of an answer.
    private struct Reading: Equatable {
        var thought = ""
        var content = ""
        var calls: [ToolCall] = []

        init(_ reader: AnswerReader, _ feed: ((String) -> Void) -> Void) {
            var reader = reader
            feed { for part in reader.append($0) { take(part) } }
            for part in reader.finish() { take(part) }
        }

        private mutating func take(_ part: AnswerPart) {
            switch part {
            case .thought(let text): thought += text
            case .content(let text): content += text
            case .call(let call): calls.append(call)
            }
        }
    }
}
