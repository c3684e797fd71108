// SPDX-License-Identifier: MIT

extension Interpreter {
    /// Python's `str`.
    func text(of value: JinjaValue) throws(JinjaError) -> String {
        switch value {
        case .undefined: return ""
        case .string(let string): return string
        case .null: return "None"
        case .bool(let bool): return bool ? "True" : "False"
        case .int(let int): return String(int)
        case .float(let float): return float.pythonText
        default:
            var writer = ReprWriter()
            try writer.write(value, by: self)
            return writer.result
        }
    }

    /// Python's `repr`.
    func repr(of value: JinjaValue) throws(JinjaError) -> String {
        var writer = ReprWriter()
        try writer.write(value, by: self)
        return writer.result
    }
}

/// Writes values as Python shows them.
private struct ReprWriter {
    var result = ""
    /// The namespaces around the current one, which would not end.
    private var namespaces: [Int] = []

    private mutating func put(_ text: String, _ interpreter: Interpreter) throws(JinjaError) {
        try interpreter.charge(text.utf8.count)
        result += text
    }

    mutating func write(_ value: JinjaValue, by interpreter: Interpreter) throws(JinjaError) {
        try interpreter.step()
        switch value {
        case .undefined: try put("Undefined", interpreter)
        case .string(let string):
            // A control character of one byte becomes four, all others grow less.
            try interpreter.charge(4 * string.utf8.count)
            result += Self.quoted(string)
        case .list(let list): try write(list.elements, "[", "]", interpreter)
        case .tuple(let tuple):
            try write(tuple.elements, "(", tuple.elements.count == 1 ? ",)" : ")", interpreter)
        case .dict(let dict): try write(dict, interpreter)
        case .object(let object): try write(object, interpreter)
        default: try put(try interpreter.text(of: value), interpreter)
        }
    }

    private mutating func write(
        _ elements: [JinjaValue], _ opening: String, _ closing: String, _ interpreter: Interpreter
    ) throws(JinjaError) {
        try put(opening, interpreter)
        for (index, element) in elements.enumerated() {
            if index > 0 { try put(", ", interpreter) }
            try write(element, by: interpreter)
        }
        try put(closing, interpreter)
    }

    private mutating func write(_ dict: JinjaDict, _ interpreter: Interpreter) throws(JinjaError) {
        try put("{", interpreter)
        for (index, entry) in dict.entries.enumerated() {
            if index > 0 { try put(", ", interpreter) }
            try write(entry.key, by: interpreter)
            try put(": ", interpreter)
            try write(entry.value, by: interpreter)
        }
        try put("}", interpreter)
    }

    private mutating func write(_ object: JinjaObject, _ interpreter: Interpreter) throws(JinjaError) {
        switch object {
        case .range(let range):
            let step = range.step == 1 ? "" : ", \(range.step)"
            try put("range(\(range.start), \(range.stop)\(step))", interpreter)
        case .view(let view, let dict):
            try put("dict_\(view.rawValue)(", interpreter)
            let elements = try interpreter.elements(of: .object(.view(view, dict)))
            try write(elements, "[", "]", interpreter)
            try put(")", interpreter)
        case .namespace(let index):
            guard !namespaces.contains(index), namespaces.count < 8 else {
                throw interpreter.failure("a namespace that holds itself cannot be printed")
            }
            namespaces.append(index)
            try put("<Namespace ", interpreter)
            try write(interpreter.namespaces[index], interpreter)
            try put(">", interpreter)
            namespaces.removeLast()
        case .macro(let index):
            let name = try interpreter.macros[index].macro.name.map { name throws(JinjaError) in
                try interpreter.repr(of: .string(name))
            }
            try put("<Macro \(name ?? "anonymous")>", interpreter)
        case .loop(let id):
            let state = interpreter.loops[id]
            let length = try interpreter.length(ofLoop: id)
            try put("<LoopContext \(state.index0 + 1)/\(length)>", interpreter)
        default:
            // Python prints addresses.
            throw interpreter.failure("a value of type “\(object.typeName)” cannot be printed")
        }
    }

    private static func quoted(_ string: String) -> String {
        let hasSingle = string.utf8.contains(UInt8(ascii: "'"))
        let quote: Unicode.Scalar = hasSingle && !string.utf8.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case quote:
                result.append("\\")
                result.append(quote)
            default:
                if isPrintable(scalar) {
                    result.append(scalar)
                } else {
                    result.append(contentsOf: escape(scalar).unicodeScalars)
                }
            }
        }
        result.append(quote)
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let (letter, count) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        let digits = String(scalar.value, radix: 16)
        return "\\" + letter + String(repeating: "0", count: count - digits.count) + digits
    }
}
