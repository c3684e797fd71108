// SPDX-License-Identifier: MIT
import BitNetCore

/// Splits an answer into what is thought, between `<think>` and `</think>`, and what is said after it.
///
/// The rule is llama.cpp's:
///
/// - A thought is at the answer's beginning, behind white space at most; a tag anywhere else is text. Where the prompt
///   has opened the thought, the answer begins inside it, and may say the opening tag once more.
/// - White space at both ends of the thought, and between its closing tag and the words, is no part of either: chat
///   templates put their own there when they write the answer again. Without a thought nothing is dropped.
/// - A thought that nothing closes is a thought to its end, and nothing was said.
///
/// Text goes out as it comes, but for white space at the thought's end and what may be the beginning of a tag.
package struct ThoughtSplitter: Sendable {
    /// Each may be empty; the thought came first.
    package struct Split: Equatable, Sendable {
        package var thought: String
        package var content: String

        package init(thought: String = "", content: String = "") {
            self.thought = thought
            self.content = content
        }
    }

    private enum Place {
        /// Nothing but white space and perhaps the beginning of an opening tag.
        case beginning(isOpen: Bool)
        case thought
        /// White space behind the thought.
        case gap
        case content
    }

    private static let opening = Array("<think>".utf8)

    private var place: Place
    /// What has come at the beginning.
    private var held: [UInt8] = []
    private var closing = TagSearch("</think>")
    private var space = TrailingSpace()
    private var hasThought = false

    /// - Parameter isOpen: the prompt ends inside a thought.
    package init(isOpen: Bool) {
        place = .beginning(isOpen: isOpen)
    }

    /// Whether what came last belongs to a thought: words have not begun.
    package var isThinking: Bool {
        switch place {
        case .beginning(let isOpen): isOpen
        case .thought, .gap: true
        case .content: false
        }
    }

    package mutating func append(_ text: String) -> Split {
        var rest = Array(text.utf8)[...]
        var thought: [UInt8] = []
        var content: [UInt8] = []
        while !rest.isEmpty {
            switch place {
            case .beginning(let isOpen): begin(isOpen, &rest)
            case .thought: thought += think(&rest)
            case .gap:
                rest = rest.drop { $0.isSpace }
                if !rest.isEmpty { place = .content }
            case .content:
                content += rest
                rest = []
            }
        }
        return Split(
            thought: String(decoding: thought, as: UTF8.self),
            content: String(decoding: content, as: UTF8.self))
    }

    /// What was held back, at the answer's end.
    package mutating func finish() -> Split {
        var split = Split()
        switch place {
        case .beginning(isOpen: false): split.content = String(decoding: held, as: UTF8.self)
        case .beginning(isOpen: true):
            place = .thought
            var rest = held[...]
            split.thought = String(decoding: think(&rest) + thoughtText(closing.finish()), as: UTF8.self)
        case .thought: split.thought = String(decoding: thoughtText(closing.finish()), as: UTF8.self)
        case .gap, .content: break
        }
        held = []
        place = .content
        return split
    }

    /// Takes a byte, and decides where the answer begins if that is known by it.
    private mutating func begin(_ isOpen: Bool, _ rest: inout ArraySlice<UInt8>) {
        held.append(rest.removeFirst())
        let word = held.drop { $0.isSpace }
        if word.elementsEqual(Self.opening) {
            place = .thought
            held = []
        } else if !Self.opening.starts(with: word) || held.count > Limits.answerSpaceBytesMax {
            place = isOpen ? .thought : .content
            rest = (held + rest)[...]
            held = []
        }
    }

    private mutating func think(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let (before, isFound) = closing.take(&rest)
        let text = thoughtText(before)
        guard isFound else { return text }
        space.drop()
        place = .gap
        return text
    }

    private mutating func thoughtText(_ bytes: [UInt8]) -> [UInt8] {
        let text = hasThought ? bytes : Array(bytes.drop { $0.isSpace })
        guard !text.isEmpty else { return [] }
        hasThought = true
        return space.append(text)
    }
}
