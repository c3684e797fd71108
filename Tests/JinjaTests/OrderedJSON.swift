// SPDX-License-Identifier: MIT

import Jinja

/// Reads JSON that Python wrote, its keys in their order and its whole numbers whole.
struct OrderedJSON {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[index]) { index += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == UInt8(ascii: scalar) else { return false }
        index += 1
        return true
    }

    mutating func value() -> JinjaValue {
        skipSpace()
        switch bytes[index] {
        case UInt8(ascii: "{"):
            var entries: [(String, JinjaValue)] = []
            _ = take("{")
            while !take("}") {
                skipSpace()
                let key = string()
                _ = take(":")
                entries.append((key, value()))
                _ = take(",")
            }
            return JinjaValue(entries)
        case UInt8(ascii: "["):
            var elements: [JinjaValue] = []
            _ = take("[")
            while !take("]") {
                elements.append(value())
                _ = take(",")
            }
            return JinjaValue(elements)
        case UInt8(ascii: "\""): return .string(string())
        default: return word()
        }
    }

    private mutating func word() -> JinjaValue {
        let start = index
        while index < bytes.count, !",]} \n".utf8.contains(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        switch text {
        case "null": return .null
        case "true": return true
        case "false": return false
        default: return Int(text).map { .int($0) } ?? .float(Double(text) ?? .nan)
        }
    }

    private mutating func string() -> String {
        index += 1
        var result: [UInt8] = []
        while bytes[index] != UInt8(ascii: "\"") {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let letter = Unicode.Scalar(bytes[index + 1])
            index += 2
            switch letter {
            case "n": result.append(0x0A)
            case "r": result.append(0x0D)
            case "t": result.append(0x09)
            case "b": result.append(0x08)
            case "f": result.append(0x0C)
            case "u":
                // Python escapes control characters only.
                let digits = String(decoding: bytes[index..<index + 4], as: UTF8.self)
                result.append(UInt8(digits, radix: 16) ?? 0)
                index += 4
            default: result.append(UInt8(ascii: letter))
            }
        }
        index += 1
        return String(decoding: result, as: UTF8.self)
    }
}
