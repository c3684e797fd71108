// SPDX-License-Identifier: MIT

extension Interpreter {
    func textFilter(
        _ filter: Filter, _ value: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        let name = filter.rawValue
        switch filter {
        case .upper, .lower, .capitalize:
            _ = try bind(arguments, to: [], of: name)
            return try recased(try text(of: value), name)
        case .title:
            _ = try bind(arguments, to: [], of: name)
            return try titled(try text(of: value))
        case .trim:
            let values = try bind(arguments, to: ["chars"], of: name)
            return try strip(try text(of: value), values[0])
        case .escape, .e, .forceescape:
            _ = try bind(arguments, to: [], of: name)
            return try escaped(try text(of: value))
        case .replace:
            let values = try bind(arguments, to: ["old", "new", "count"], required: 2, of: name)
            var count = -1
            if let limit = values[2], !isNone(limit) { count = try integer(limit, or: -1, "a count") }
            return .string(
                try replace(
                    try text(of: values[0] ?? ""), in: try text(of: value), by: try text(of: values[1] ?? ""),
                    atMost: count < 0 ? .max : count))
        case .indent: return try indented(value, arguments)
        case .wordcount:
            _ = try bind(arguments, to: [], of: name)
            return .int(try wordCount(try text(of: value)))
        case .urlencode:
            _ = try bind(arguments, to: [], of: name)
            return try quotedForURL(value)
        case .format:
            guard arguments.named.isEmpty else { throw failure("format with named values is not supported") }
            return try formatted(try text(of: value), try tuple(arguments.positional))
        case .center:
            let values = try bind(arguments, to: ["width"], of: name)
            return try fill(try text(of: value), name, Arguments(positional: [values[0] ?? 80]))
        default:
            _ = try bind(arguments, to: [], of: name)
            return .string(try text(of: value))
        }
    }

    /// Jinja's own: words begin behind white space, hyphens and opening brackets.
    private func titled(_ text: String) throws(JinjaError) -> JinjaValue {
        try charge(7 * text.utf8.count)
        let separators: Set<Unicode.Scalar> = ["-", "(", "{", "[", "<"]
        var result = ""
        var word: [Unicode.Scalar] = []
        func finish() {
            guard let first = word.first else { return }
            result += String(first).pythonUpper + String(scalars: word.dropFirst()).pythonLower
            word = []
        }
        for scalar in text.unicodeScalars {
            if separators.contains(scalar) || scalar.isPythonSpace {
                finish()
                result.unicodeScalars.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        finish()
        return .string(result)
    }

    private func escaped(_ text: String) throws(JinjaError) -> JinjaValue {
        try charge(5 * text.utf8.count)
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&#34;".unicodeScalars)
            case "'": result.append(contentsOf: "&#39;".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return .string(String(result))
    }

    private func indented(_ value: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["width", "first", "blank"], of: "indent")
        let indent: String
        if case .string(let text)? = values[0] {
            indent = text
        } else {
            let width = max(try integer(values[0], or: 4, "the width of indent"), 0)
            try charge(width)
            indent = String(repeating: " ", count: width)
        }
        let (first, blank) = (truth(values[1]), truth(values[2]))
        // The newline makes the text's own last one count.
        let lines = try lines(of: try string(value, "what is indented") + "\n")
        let (bytes, overflow) = indent.utf8.count.multipliedReportingOverflow(by: lines.count)
        try charge(overflow ? .max : bytes)
        try charge(elements: lines.count)
        var result = ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += "\n" }
            if index == 0 ? first : blank || !line.isEmpty { result += indent }
            result += line
        }
        return .string(result)
    }

    private func wordCount(_ text: String) throws(JinjaError) -> Int {
        try work(text.utf8.count)
        var count = 0
        var isInside = false
        for scalar in text.unicodeScalars {
            if scalar.isWordPart, !isInside { count += 1 }
            isInside = scalar.isWordPart
        }
        return count
    }

    private func quotedForURL(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
        let pairs: [JinjaValue]
        switch value {
        case .dict(let dict): pairs = try elements(of: .object(.view(.items, dict)))
        case .list, .tuple, .object: pairs = try elements(of: value)
        default: return .string(try percentEncoded(try text(of: value), isQuery: false))
        }
        var result = ""
        for pair in pairs {
            let parts = try elements(of: pair)
            guard parts.count == 2 else { throw failure("urlencode needs pairs") }
            let key = try percentEncoded(try text(of: parts[0]), isQuery: true)
            let value = try percentEncoded(try text(of: parts[1]), isQuery: true)
            try charge(key.utf8.count + value.utf8.count + 2)
            result += (result.isEmpty ? "" : "&") + key + "=" + value
        }
        return .string(result)
    }

    private func percentEncoded(_ text: String, isQuery: Bool) throws(JinjaError) -> String {
        try charge(3 * text.utf8.count)
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var result = String.UnicodeScalarView()
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-", "~": result.append(scalar)
            case "/" where !isQuery: result.append(scalar)
            case " " where isQuery: result.append("+")
            default:
                result.append("%")
                result.append(digits[Int(truncatingIfNeeded: byte >> 4)])
                result.append(digits[Int(truncatingIfNeeded: byte & 15)])
            }
        }
        return String(result)
    }
}
