// SPDX-License-Identifier: MIT

/// How `json.dumps` writes.
struct JSONStyle {
    var escapesNonASCII = false
    /// What a level is set in by; `nil` for one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
}

extension Interpreter {
    /// Transformers' `tojson`.
    func json(_ value: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let names = ["ensure_ascii", "indent", "separators", "sort_keys"]
        let values = try bind(arguments, to: names, of: "tojson")
        var style = JSONStyle()
        style.escapesNonASCII = truth(values[0])
        style.sortsKeys = truth(values[3])
        switch values[1] {
        case nil, .some(.null): break
        case .string(let indent): style.indent = indent
        case .some(let other):
            let width = max(try integer(other, or: 0, "the indent of tojson"), 0)
            try charge(width)
            style.indent = String(repeating: " ", count: width)
        }
        if style.indent != nil { style.itemSeparator = "," }
        switch values[2] {
        case nil, .some(.null): break
        case .some(let separators):
            let pair = try elements(of: separators)
            guard pair.count == 2 else { throw failure("tojson needs two separators") }
            style.itemSeparator = try string(pair[0], "a separator of tojson")
            style.keySeparator = try string(pair[1], "a separator of tojson")
        }
        var writer = JSONWriter(style: style)
        try writer.write(value, by: self)
        return .string(writer.result)
    }
}

private struct JSONWriter {
    let style: JSONStyle
    var result = ""
    private var level = 0

    init(style: JSONStyle) { self.style = style }

    private mutating func put(_ text: String, _ interpreter: Interpreter) throws(JinjaError) {
        try interpreter.charge(text.utf8.count)
        result += text
    }

    private mutating func breakLine(_ interpreter: Interpreter) throws(JinjaError) {
        guard let indent = style.indent else { return }
        // A level is at most as deep as values may be.
        let (bytes, overflow) = indent.utf8.count.multipliedReportingOverflow(by: level)
        try interpreter.charge(overflow ? .max : bytes)
        result += "\n"
        for _ in 0..<level { result += indent }
    }

    mutating func write(_ value: JinjaValue, by interpreter: Interpreter) throws(JinjaError) {
        try interpreter.step()
        switch value {
        case .null: try put("null", interpreter)
        case .bool(let bool): try put(bool ? "true" : "false", interpreter)
        case .int(let int): try put(String(int), interpreter)
        case .float(let float): try put(Self.text(float), interpreter)
        case .string(let string):
            // A control character of one byte becomes six, all others grow less.
            try interpreter.charge(6 * string.utf8.count)
            result += quoted(string)
        case .list(let list), .tuple(let list): try write(list.elements, interpreter)
        case .dict(let dict): try write(dict, interpreter)
        case .undefined(let reason): throw interpreter.failure("tojson of what is undefined: \(reason)")
        case .object(let object):
            throw interpreter.failure("JSON has no word for a value of type “\(object.typeName)”")
        }
    }

    private static func text(_ float: Double) -> String {
        float.isFinite ? float.pythonText : float.isNaN ? "NaN" : float < 0 ? "-Infinity" : "Infinity"
    }

    private mutating func write(
        _ elements: [JinjaValue], _ interpreter: Interpreter
    ) throws(JinjaError) {
        guard !elements.isEmpty else { return try put("[]", interpreter) }
        try put("[", interpreter)
        level += 1
        for (index, element) in elements.enumerated() {
            if index > 0 { try put(style.itemSeparator, interpreter) }
            try breakLine(interpreter)
            try write(element, by: interpreter)
        }
        level -= 1
        try breakLine(interpreter)
        try put("]", interpreter)
    }

    private mutating func write(_ dict: JinjaDict, _ interpreter: Interpreter) throws(JinjaError) {
        guard dict.count > 0 else { return try put("{}", interpreter) }
        var entries = dict.entries
        if style.sortsKeys {
            let sorted = try interpreter.sorted(
                entries.indices.map { .int($0) }, by: entries.map(\.key), reverse: false)
            entries = sorted.map { if case .int(let index) = $0 { dict.entries[index] } else { entries[0] } }
        }
        try put("{", interpreter)
        level += 1
        for (index, entry) in entries.enumerated() {
            if index > 0 { try put(style.itemSeparator, interpreter) }
            try breakLine(interpreter)
            try writeKey(entry.key, interpreter)
            try put(style.keySeparator, interpreter)
            try write(entry.value, by: interpreter)
        }
        level -= 1
        try breakLine(interpreter)
        try put("}", interpreter)
    }

    private mutating func writeKey(_ key: JinjaValue, _ interpreter: Interpreter) throws(JinjaError) {
        switch key {
        case .string: try write(key, by: interpreter)
        case .null, .bool, .int, .float:
            try put("\"", interpreter)
            try write(key, by: interpreter)
            try put("\"", interpreter)
        default: throw interpreter.failure("JSON has no keys of type “\(key.typeName)”")
        }
    }

    private func quoted(_ string: String) -> String {
        var result = String.UnicodeScalarView()
        result.append("\"")
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\u{8}": result.append(contentsOf: "\\b".unicodeScalars)
            case "\u{C}": result.append(contentsOf: "\\f".unicodeScalars)
            case ..<" ": result.append(contentsOf: Self.escape(UInt16(truncatingIfNeeded: scalar.value)))
            case _ where style.escapesNonASCII && scalar.value > 0x7E:
                for unit in String(scalar).utf16 { result.append(contentsOf: Self.escape(unit)) }
            default: result.append(scalar)
            }
        }
        result.append("\"")
        return String(result)
    }

    private static func escape(_ unit: UInt16) -> String.UnicodeScalarView {
        let digits = String(unit, radix: 16)
        return ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).unicodeScalars
    }
}
