// SPDX-License-Identifier: MIT
import BitNetCore

/// Reads `<function=NAME><parameter=ARGUMENT>VALUE</parameter>…</function>`, as a model writes calls between the tags
/// of a call.
///
/// White space stands anywhere outside of values; of a value the line feeds next to its tags are no part. As with
/// vLLM's parser for Qwen3-Coder, a value also ends where the next one or the function's end begins, and a function at
/// the end of the text.
struct ElementReader {
    private let text: [UInt8]
    private let types: ArgumentTypes
    /// Bytes read so far.
    private var offset = 0

    init(_ text: [UInt8], types: ArgumentTypes) {
        self.text = text
        self.types = types
    }

    private var rest: ArraySlice<UInt8> { text[offset...] }

    /// - Returns: `nil` if the text is nothing of the kind.
    mutating func calls() -> [ToolCall]? {
        var calls: [ToolCall] = []
        skipSpace()
        while !rest.isEmpty {
            guard let call = call() else { return nil }
            calls.append(call)
            skipSpace()
        }
        return calls.isEmpty ? nil : calls
    }

    private mutating func call() -> ToolCall? {
        guard take("<function="), let name = takeName() else { return nil }
        var arguments: [(key: String, value: JSONValue)] = []
        var places: [String: Int] = [:]
        skipSpace()
        while take("<parameter=") {
            guard let key = takeName() else { return nil }
            let value = types.value(takeValue(), of: key, in: name)
            // One that is said twice is what was said last, as in a dictionary.
            if let place = places[key] {
                arguments[place].value = value
            } else {
                places[key] = arguments.count
                arguments.append((key, value))
            }
            skipSpace()
        }
        guard take("</function>") || rest.isEmpty else { return nil }
        return ToolCall(name: name, arguments: .object(arguments))
    }

    /// Up to `>`.
    private mutating func takeName() -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        let name = rest[..<end].trimmed
        offset = end + 1
        guard !name.isEmpty, !name.contains(UInt8(ascii: "<")) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func takeValue() -> String {
        let start = offset
        while let tag = rest.firstIndex(of: UInt8(ascii: "<")) {
            offset = tag
            if take("</parameter>") || starts(with: "<parameter=") || starts(with: "</function>") {
                return Self.value(text[start..<tag])
            }
            offset = tag + 1
        }
        offset = text.count
        return Self.value(text[start...])
    }

    private static func value(_ bytes: ArraySlice<UInt8>) -> String {
        var bytes = bytes
        let lineFeed = UInt8(ascii: "\n")
        if bytes.first == lineFeed { bytes.removeFirst() }
        if bytes.last == lineFeed { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func skipSpace() { offset = rest.firstIndex { !$0.isSpace } ?? text.count }

    private func starts(with tag: StaticString) -> Bool {
        tag.withUTF8Buffer { rest.starts(with: $0) }
    }

    private mutating func take(_ tag: StaticString) -> Bool {
        guard starts(with: tag) else { return false }
        offset += tag.utf8CodeUnitCount
        return true
    }
}
