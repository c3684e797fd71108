// SPDX-License-Identifier: MIT

extension Interpreter {
    /// All of Python's; which of them are known, ``stringMethod(_:of:_:)`` says when they are called.
    static let stringMethods: Set = [
        "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
        "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower",
        "lstrip", "maketrans", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex",
        "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
        "title", "translate", "upper", "zfill",
    ]

    func stringMethod(
        _ name: String, of text: String, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        switch name {
        case "upper", "lower", "capitalize", "title":
            _ = try bind(arguments, to: [], of: name)
            return try recased(text, name)
        case "isdigit", "isalpha", "isalnum", "isspace", "islower", "isupper", "isascii", "isnumeric",
            "isdecimal":
            _ = try bind(arguments, to: [], of: name)
            try work(text.utf8.count)
            return .bool(Self.holds(name, of: text))
        case "strip", "lstrip", "rstrip":
            let values = try bind(arguments, to: ["chars"], of: name)
            return try strip(text, values[0], atStart: name != "rstrip", atEnd: name != "lstrip")
        case "split", "rsplit": return try split(text, arguments, fromEnd: name == "rsplit")
        case "splitlines":
            let values = try bind(arguments, to: ["keepends"], of: name)
            return try list(try lines(of: text, keepEnds: truth(values[0])).map { .string($0) })
        case "startswith", "endswith": return .bool(try begins(text, arguments, atEnd: name == "endswith"))
        case "removeprefix", "removesuffix":
            let values = try bind(arguments, to: [name], required: 1, of: name)
            return try removed(text, try string(values[0], name), atEnd: name == "removesuffix")
        case "replace":
            let values = try bind(arguments, to: ["old", "new", "count"], required: 2, of: name)
            let count = try integer(values[2], or: -1, "the count of replace")
            return .string(
                try replace(
                    try string(values[0], "what is replaced"), in: text,
                    by: try string(values[1], "a replacement"), atMost: count < 0 ? .max : count))
        case "find", "rfind", "index", "rindex", "count": return try find(name, in: text, arguments)
        case "join": return try join(text, arguments)
        case "zfill", "ljust", "rjust", "center": return try fill(text, name, arguments)
        case "partition", "rpartition": return try partition(text, name, arguments)
        default: throw failure("the method “str.\(name)” is not supported")
        }
    }

    func recased(_ text: String, _ name: String) throws(JinjaError) -> JinjaValue {
        // One character becomes at most three.
        try charge(3 * text.utf8.count)
        switch name {
        case "upper": return .string(text.pythonUpper)
        case "lower": return .string(text.pythonLower)
        case "capitalize": return .string(text.pythonCapitalized)
        default: return .string(text.pythonTitle)
        }
    }

    static func holds(_ name: String, of text: String) -> Bool {
        let scalars = text.unicodeScalars
        switch name {
        case "isascii": return text.utf8.allSatisfy { $0 < 0x80 }
        case "islower":
            return scalars.contains(where: \.isLower) && !scalars.contains(where: \.isUpperOrTitle)
        case "isupper":
            return scalars.contains(where: \.isUpper)
                && !scalars.contains { $0.isLower || $0.properties.generalCategory == .titlecaseLetter }
        case "isdigit": return !text.isEmpty && scalars.allSatisfy(\.isPythonDigit)
        case "isdecimal": return !text.isEmpty && scalars.allSatisfy { $0.properties.numericType == .decimal }
        case "isnumeric": return !text.isEmpty && scalars.allSatisfy { $0.properties.numericType != nil }
        case "isalpha": return !text.isEmpty && scalars.allSatisfy(\.isLetter)
        case "isspace": return !text.isEmpty && scalars.allSatisfy(\.isPythonSpace)
        default:
            return !text.isEmpty && scalars.allSatisfy { $0.isLetter || $0.properties.numericType != nil }
        }
    }

    func strip(
        _ text: String, _ characters: JinjaValue?, atStart: Bool = true, atEnd: Bool = true
    ) throws(JinjaError) -> JinjaValue {
        switch characters {
        case nil, .some(.null):
            return .string(try stripped(text, atStart: atStart, atEnd: atEnd, \.isPythonSpace))
        default:
            let characters = try string(characters, "what is stripped")
            try charge(32 * characters.utf8.count)
            let loose = Set(characters.unicodeScalars)
            return .string(try stripped(text, atStart: atStart, atEnd: atEnd, loose.contains))
        }
    }

    private func split(
        _ text: String, _ arguments: Arguments, fromEnd: Bool
    ) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["sep", "maxsplit"], of: "split")
        let count = try integer(values[1], or: -1, "the count of split")
        let splitsMax = count < 0 ? .max : count
        switch values[0] {
        case nil, .some(.null):
            return try list(
                try words(of: text, atMost: splitsMax, fromEnd: fromEnd).map { .string($0) })
        default:
            let separator = try string(values[0], "the separator of split")
            return try list(
                try pieces(of: text, between: separator, atMost: splitsMax, fromEnd: fromEnd)
                    .map { .string($0) })
        }
    }

    private func begins(
        _ text: String, _ arguments: Arguments, atEnd: Bool
    ) throws(JinjaError) -> Bool {
        let values = try bind(
            arguments, to: ["prefix", "start", "end"], required: 1, of: atEnd ? "endswith" : "startswith")
        guard values[1] == nil, values[2] == nil else {
            throw failure("startswith and endswith with bounds are not supported")
        }
        var parts = values.prefix(1).compactMap { $0 }
        if case .tuple(let tuple) = values[0] { parts = tuple.elements }
        for part in parts {
            let part = try string(part, "what a text begins or ends with")
            try work(part.utf8.count)
            if atEnd ? text.endsWithBytes(part) : text.utf8.starts(with: part.utf8) { return true }
        }
        return false
    }

    private func removed(_ text: String, _ part: String, atEnd: Bool) throws(JinjaError) -> JinjaValue {
        try charge(text.utf8.count)
        let (bytes, count) = (text.utf8, part.utf8.count)
        if atEnd, text.endsWithBytes(part) {
            return .string(String(decoding: bytes.dropLast(count), as: UTF8.self))
        }
        if !atEnd, bytes.starts(with: part.utf8) {
            return .string(String(decoding: bytes.dropFirst(count), as: UTF8.self))
        }
        return .string(text)
    }

    private func join(_ separator: String, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["iterable"], required: 1, of: "join")
        if case .undefined(let reason) = values[0] { throw failure(reason) }
        var result = ""
        for (index, element) in try elements(of: values[0] ?? .null).enumerated() {
            let text = try string(element, "what is joined")
            try step()
            try charge(text.utf8.count + separator.utf8.count)
            if index > 0 { result += separator }
            result += text
        }
        return .string(result)
    }
}

extension String {
    func endsWithBytes(_ part: String) -> Bool {
        utf8.count >= part.utf8.count && utf8.suffix(part.utf8.count).elementsEqual(part.utf8)
    }
}
