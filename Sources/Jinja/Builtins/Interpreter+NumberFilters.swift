// SPDX-License-Identifier: MIT
import Glibc

extension Interpreter {
    func numberFilter(
        _ filter: Filter, _ value: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        if case .undefined(let reason) = value { throw failure(reason) }
        switch filter {
        case .abs:
            _ = try bind(arguments, to: [], of: "abs")
            switch value.number {
            case .int(let int): return int < 0 ? try signed(.int(int), isMinus: true) : .int(int)
            case .float(let float): return .float(float.magnitude)
            case nil: throw failure("abs of a value of type “\(value.typeName)”")
            }
        case .float:
            let values = try bind(arguments, to: ["default"], of: "float")
            return try float(value).map { .float($0) } ?? values[0] ?? 0.0
        case .int: return try int(value, arguments)
        default: return try rounded(value, arguments)
        }
    }

    /// Python's `float`; `nil` for what it does not take.
    private func float(_ value: JinjaValue) throws(JinjaError) -> Double? {
        if let number = value.number { return number.double }
        guard case .string(let text) = value else { return nil }
        let word = try stripped(text, \.isPythonSpace)
        let letters = word.pythonLower
        let name = letters.hasPrefix("-") || letters.hasPrefix("+") ? String(letters.dropFirst()) : letters
        if ["inf", "infinity"].contains(name) { return letters.hasPrefix("-") ? -.infinity : .infinity }
        if name == "nan" { return .nan }
        guard let digits = Self.withoutUnderscores(word),
            digits.utf8.allSatisfy({ byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
            })
        else { return nil }
        return Double(Self.withWholeParts(digits))
    }

    /// Digits without the single underscores between them; `nil` if one is elsewhere.
    private static func withoutUnderscores(_ word: String) -> String? {
        let bytes = Array(word.utf8)
        func isDigit(_ index: Int) -> Bool {
            bytes.indices.contains(index) && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index])
        }
        let isMisplaced = bytes.indices.contains {
            bytes[$0] == UInt8(ascii: "_") && !(isDigit($0 - 1) && isDigit($0 + 1))
        }
        return isMisplaced ? nil : String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// A digit on both sides of the point, which Swift wants and Python does not.
    private static func withWholeParts(_ digits: String) -> String {
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return digits }
        let hasWhole = parts[0].last?.isNumber == true
        let hasFraction = parts[1].first?.isNumber == true
        guard hasWhole || hasFraction else { return digits }
        return parts[0] + (hasWhole ? "." : "0.") + (hasFraction ? "" : "0") + parts[1]
    }

    private func int(_ value: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["default", "base"], of: "int")
        let radix = try integer(values[1], or: 10, "a base")
        guard (2...36).contains(radix) else { throw failure("a base between 2 and 36 is needed") }
        let standard = values[0] ?? 0
        if case .string(let text) = value {
            let word = try stripped(text, \.isPythonSpace)
            if let digits = Self.withoutUnderscores(word), !digits.isEmpty {
                if let int = Int(Self.withoutPrefix(digits, radix), radix: radix) { return .int(int) }
                if radix == 10, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                    throw failure("a whole number of more than 64 bits")
                }
            }
        } else if case .float(let float) = value, float.isInfinite {
            throw failure("infinity is no whole number")
        }
        guard case let number? = try float(value) else { return standard }
        if case .int(let int)? = value.number { return .int(int) }
        guard number.isFinite else { return standard }
        guard let int = Int(exactly: number.rounded(.towardZero)) else {
            throw failure("a whole number of more than 64 bits")
        }
        return .int(int)
    }

    /// Digits without the letters that name their base.
    private static func withoutPrefix(_ digits: String, _ radix: Int) -> String {
        guard let letter = [2: "0b", 8: "0o", 16: "0x"][radix] else { return digits }
        let sign = digits.prefix { $0 == "-" || $0 == "+" }
        let rest = digits.dropFirst(sign.count)
        return rest.lowercased().hasPrefix(letter) ? String(sign + rest.dropFirst(2)) : digits
    }

    // MARK: Rounding

    private func rounded(_ value: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["precision", "method"], of: "round")
        let precision = try integer(values[0], or: 0, "a precision")
        let method = try values[1].map { value throws(JinjaError) in
            try string(value, "a way to round")
        }
        guard let number = value.number else {
            throw failure("round of a value of type “\(value.typeName)”")
        }
        switch method ?? "common" {
        case "common":
            if case .int(let int) = number, precision >= 0 { return .int(int) }
            guard precision >= 0 else { throw failure("round to tens is not supported") }
            return .float(Self.rounded(number.double, precision))
        case "ceil", "floor":
            let power = pow(10, Double(precision))
            let scaled = (number.double * power).rounded(method == "ceil" ? .up : .down)
            guard scaled.isFinite, power != 0 else { throw failure("round to so many digits") }
            return .float(scaled / power)
        default: throw failure("round knows “common”, “ceil” and “floor”")
        }
    }

    /// To so many digits, half of one to the even one.
    private static func rounded(_ number: Double, _ digits: Int) -> Double {
        // No number of 64 bits has more.
        guard number.isFinite, digits <= 323 else { return number }
        var buffer = [CChar](repeating: 0, count: 700)
        let count = withVaList([CInt(truncatingIfNeeded: digits), number]) {
            vsnprintf(&buffer, buffer.count, "%.*f", $0)
        }
        guard count > 0, Int(count) < buffer.count else { return number }
        let text = String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Double(text) ?? number
    }
}
