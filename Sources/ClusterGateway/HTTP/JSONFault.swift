// SPDX-License-Identifier: MIT

/// Finds where a text stops being JSON, which its decoder does not tell.
struct JSONFault {
    private enum Expectation {
        case value
        case valueOrEnd
        case key
        case keyOrEnd
        case colon
        case commaOrEnd
    }

    /// What the decoder recurses into at most.
    private static let depthMax = 512

    private let bytes: [UInt8]
    private var offset = 0
    /// Whether each open container is an object.
    private var containers: [Bool] = []
    private var expectation = Expectation.value

    /// What stands at the first byte at which the text is not JSON, for people; `nil` if it is.
    static func place(in bytes: [UInt8]) -> String? {
        guard String(validating: bytes, as: UTF8.self) != nil else { return "it is not UTF-8" }
        var fault = JSONFault(bytes: bytes)
        guard let what = fault.scan() else { return nil }
        let before = bytes[..<min(fault.offset, bytes.count)]
        let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        let column = 1 + before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count
        return "\(what) at line \(line), byte \(column)"
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func scan() -> String? {
        while true {
            while offset < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += 1 }
            let isDone = expectation == .commaOrEnd && containers.isEmpty
            guard offset < bytes.count else { return isDone ? nil : "it ends too early" }
            guard !isDone else { return "more follows its end" }
            let character = Unicode.Scalar(bytes[offset])
            switch (expectation, character) {
            case (.key, "\""), (.keyOrEnd, "\""):
                guard skipString() else { return "a string is not complete" }
                expectation = .colon
            case (.colon, ":"): step(.value)
            case (.keyOrEnd, "}"), (.valueOrEnd, "]"): leave()
            case (.commaOrEnd, "}") where containers.last == true: leave()
            case (.commaOrEnd, "]") where containers.last == false: leave()
            case (.commaOrEnd, ","): step(containers.last == true ? .key : .value)
            case (.value, _), (.valueOrEnd, _):
                if let what = skipValue(character) { return what }
            default: return "something is out of place"
            }
        }
    }

    private mutating func step(_ next: Expectation) {
        offset += 1
        expectation = next
    }

    private mutating func leave() {
        containers.removeLast()
        step(.commaOrEnd)
    }

    private mutating func skipValue(_ character: Unicode.Scalar) -> String? {
        switch character {
        case "{", "[":
            guard containers.count < Self.depthMax else { return "too many values stand inside each other" }
            containers.append(character == "{")
            step(character == "{" ? .keyOrEnd : .valueOrEnd)
            return nil
        case "\"":
            guard skipString() else { return "a string is not complete" }
        default:
            let word = bytes[offset...].prefix { byte in
                [0x2B, 0x2D, 0x2E].contains(byte) || (0x30...0x39).contains(byte)
                    || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            }
            let text = String(decoding: word, as: UTF8.self)
            guard ["true", "false", "null"].contains(text) || Double(text) != nil else {
                return "something is no value"
            }
            offset += word.count
        }
        expectation = .commaOrEnd
        return nil
    }

    /// - Returns: whether it has an end.
    private mutating func skipString() -> Bool {
        offset += 1
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return true
            case UInt8(ascii: "\\"): offset += 2
            case ..<0x20: return false
            default: offset += 1
            }
        }
        return false
    }
}
