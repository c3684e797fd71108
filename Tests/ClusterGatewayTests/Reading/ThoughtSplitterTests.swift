// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import TestSupport
import Testing

/// Thoughts and words of an answer.
@Suite struct ThoughtSplitterTests {
    struct Sample: Sendable {
        var isOpen: Bool
        var answer: String
        var thought: String
        var content: String

        var parts: [AnswerPart] {
            (thought.isEmpty ? [] : [.thought(thought)]) + (content.isEmpty ? [] : [.content(content)])
        }
    }

    private static let samples = [
        // As Qwen3 writes it, whose prompt opens no thought.
        Sample(isOpen: false, answer: "<think>\nHm.\n</think>\n\nYes.", thought: "Hm.", content: "Yes."),
        Sample(isOpen: false, answer: "\n <think>Hm.</think>Yes.\n", thought: "Hm.", content: "Yes.\n"),
        // As models do whose prompt opens it; some open it again.
        Sample(isOpen: true, answer: "Hm.\n\nSo.\n</think>\n\nYes.", thought: "Hm.\n\nSo.", content: "Yes."),
        Sample(isOpen: true, answer: "<think>\nHm.\n</think>\n\nYes.", thought: "Hm.", content: "Yes."),
        Sample(isOpen: true, answer: "\n\n</think>\n\nYes.", thought: "", content: "Yes."),
        // Nothing closes it.
        Sample(isOpen: true, answer: "Hm. 1 < 2 </thin", thought: "Hm. 1 < 2 </thin", content: ""),
        Sample(isOpen: false, answer: "<think>Hm.\n\n", thought: "Hm.", content: ""),
        Sample(isOpen: true, answer: "", thought: "", content: ""),
        Sample(isOpen: true, answer: " \n<thi", thought: "<thi", content: ""),
        // No thought: every byte stays.
        Sample(
            isOpen: false, answer: "\n Yes. <think>No</think>\n", thought: "",
            content: "\n Yes. <think>No</think>\n"),
        Sample(isOpen: false, answer: "  <thin", thought: "", content: "  <thin"),
        Sample(isOpen: false, answer: "</think>\n\nYes.", thought: "", content: "</think>\n\nYes."),
        Sample(isOpen: false, answer: " \r\n", thought: "", content: " \r\n"),
        // Tags behind the words, half tags, and characters that join with them.
        Sample(
            isOpen: true, answer: "<<</think<</think>a</think>b", thought: "<<</think<", content: "a</think>b"
        ),
        Sample(
            isOpen: true, answer: "é\r\n\u{301}<think></think>\r\n😀", thought: "é\r\n\u{301}<think>",
            content: "😀"),
    ]

    @Test(arguments: samples) func `an answer is thought and words, wherever it is cut`(_ sample: Sample) {
        let reader = AnswerReader.thinking(isOpen: sample.isOpen)
        #expect(parts([sample.answer], reader) == sample.parts)
        for pieces in cuts(sample.answer) {
            #expect(parts(pieces, reader) == sample.parts, "\(pieces)")
        }
    }

    @Test func `text goes out as it comes, but for what may be a tag or the thought's end`() {
        var splitter = ThoughtSplitter(isOpen: true)
        #expect(splitter.append("Hm") == .init(thought: "Hm"))
        #expect(splitter.append(".\n\n") == .init(thought: "."))
        #expect(splitter.append("So </") == .init(thought: "\n\nSo"))
        #expect(splitter.isThinking)
        #expect(splitter.append("b> ") == .init(thought: " </b>"))
        #expect(splitter.append("</think>") == .init())
        #expect(splitter.append("\n") == .init())
        #expect(splitter.isThinking, "words have not begun")
        #expect(splitter.append("\nYes \n") == .init(content: "Yes \n"))
        #expect(!splitter.isThinking)
        #expect(splitter.append("</thi") == .init(content: "</thi"))
        #expect(splitter.finish() == .init())
    }

    @Test func `white space is held up to its bound`() {
        let bound = String(repeating: " ", count: Limits.answerSpaceBytesMax)
        for pieces in [{ [$0] }, { $0.map { String($0) } }] as [(String) -> [String]] {
            let known = pieces(bound.dropLast(6) + "<think>a" + bound + "</think>b")
            #expect(parts(known, .thinking()) == [.thought("a"), .content("b")])
            let far = bound + "<think>a</think>b"
            #expect(parts(pieces(far), .thinking()) == [.content(far)])
            let long = pieces("<think>a" + bound + " </think>b")
            #expect(parts(long, .thinking()) == [.thought("a" + bound + " "), .content("b")])
        }
    }

    @Test func `whatever comes, it is split as the rule says, in one piece and in many`() {
        var mutator = Mutator(seed: 15, words: ["<think>", "</think>", "\n", " ", "<", "</", "think>"])
        var thoughtCount = 0
        for index in 0..<4_000 {
            let sample = Self.samples[index % Self.samples.count]
            let text = String(decoding: mutator.mutate(Array(sample.answer.utf8)), as: UTF8.self)
            let reader = AnswerReader.thinking(isOpen: sample.isOpen)
            let expected = Self.split(Array(text.utf8), isOpen: sample.isOpen)
            thoughtCount += expected.thought.isEmpty ? 0 : 1
            #expect(parts([text], reader) == expected.parts, "\(text.debugDescription)")
            #expect(
                parts(text.unicodeScalars.map { String($0) }, reader) == expected.parts,
                "\(text.debugDescription)")
        }
        #expect((1_000..<4_000).contains(thoughtCount))
    }

    /// The rule, for an answer that is there as a whole.
    private static func split(_ answer: [UInt8], isOpen: Bool) -> Sample {
        func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D].contains(byte) }
        func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
        let opening = Array("<think>".utf8)
        let closing = Array("</think>".utf8)
        var rest = answer.drop(while: isSpace)
        let opens = rest.starts(with: opening)
        guard opens || isOpen else {
            return Sample(isOpen: isOpen, answer: "", thought: "", content: text(answer))
        }
        if opens { rest = rest.dropFirst(opening.count) }
        let end = rest.indices.first { rest[$0...].starts(with: closing) }
        let thought = rest[..<(end ?? rest.endIndex)].drop(while: isSpace)
        let content = rest[(end ?? rest.endIndex)...].dropFirst(closing.count).drop(while: isSpace)
        let trimmed = thought.reversed().drop(while: isSpace).reversed()
        return Sample(isOpen: isOpen, answer: "", thought: text(trimmed), content: text(content))
    }
}
