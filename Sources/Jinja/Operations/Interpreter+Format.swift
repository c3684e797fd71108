// SPDX-License-Identifier: MIT

extension Interpreter {
    /// Python's `format % values`, of which `%s`, `%r`, `%d`, `%i` and `%%` are known.
    func formatted(_ format: String, _ values: JinjaValue) throws(JinjaError) -> JinjaValue {
        var rest: [JinjaValue] = [values]
        if case .tuple(let tuple) = values { rest = tuple.elements }
        rest.reverse()
        try charge(format.utf8.count)
        var result = ""
        var isEscape = false
        for scalar in format.unicodeScalars {
            guard isEscape else {
                isEscape = scalar == "%"
                if !isEscape { result.unicodeScalars.append(scalar) }
                continue
            }
            isEscape = false
            if scalar == "%" {
                result += "%"
                continue
            }
            let text = try conversion(scalar, &rest)
            try charge(text.utf8.count)
            result += text
        }
        guard !isEscape else { throw failure("a format that ends with “%”") }
        if case .tuple = values, !rest.isEmpty { throw failure("a format with more values than places") }
        if case .tuple = values { return .string(result) }
        guard rest.isEmpty || isMapping(values) else {
            throw failure("a format without a place for its value")
        }
        return .string(result)
    }

    private func isMapping(_ value: JinjaValue) -> Bool {
        switch value {
        case .dict, .list: true
        default: false
        }
    }

    private func conversion(
        _ letter: Unicode.Scalar, _ rest: inout [JinjaValue]
    ) throws(JinjaError) -> String {
        guard let value = rest.popLast() else { throw failure("a format with more places than values") }
        switch (letter, value, value.number) {
        case ("s", _, _): return try text(of: value)
        case ("r", _, _): return try repr(of: value)
        case ("d", _, .int(let int)), ("i", _, .int(let int)): return String(int)
        case ("d", _, .float(let float)), ("i", _, .float(let float)):
            guard let int = Int(exactly: float.rounded(.towardZero)) else {
                throw failure("a whole number of more than 64 bits")
            }
            return String(int)
        case ("d", .undefined(let reason), _), ("i", .undefined(let reason), _): throw failure(reason)
        case ("d", _, _), ("i", _, _): throw failure("“%d” needs a number")
        default: throw failure("the format “%\(letter)” is not supported")
        }
    }
}
