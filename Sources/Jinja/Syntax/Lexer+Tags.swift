// SPDX-License-Identifier: MIT

extension Lexer {
    /// Reads what stands between braces, and the closing ones.
    mutating func readTag(from opening: Int, isOutput: Bool) throws(JinjaError) {
        let closing = isOutput ? "}}" : "%}"
        try append(isOutput ? .outputBegin : .statementBegin, at: opening)
        // Closing braces end a tag only where no bracket is open.
        var awaited: [Token.Sign] = []
        while true {
            index = endOfSpace(index)
            if awaited.isEmpty, let end = endOfTag(closing, at: index, isOutput: isOutput) {
                try append(isOutput ? .outputEnd : .statementEnd, at: index)
                return leaveTag(at: end)
            }
            guard let scalar = scalar(index) else { throw error("a tag that does not end", at: opening) }
            switch scalar {
            case "0"..."9": try readNumber()
            case "'", "\"": try readString(scalar)
            default:
                if scalar.isNameStart { try readName() } else { try readSign(&awaited) }
            }
        }
    }

    private mutating func readName() throws(JinjaError) {
        let start = index
        while let scalar = scalar(index), scalar.isNameStart || scalar.properties.isXIDContinue { index += 1 }
        try append(.name(string(start..<index)), at: start)
    }

    private mutating func readSign(_ awaited: inout [Token.Sign]) throws(JinjaError) {
        guard let sign = Token.Sign.allCases.first(where: { matches($0.rawValue, at: index) }) else {
            throw error("unexpected character “\(string(index..<index + 1))”", at: index)
        }
        switch sign {
        case .leftBrace: awaited.append(.rightBrace)
        case .leftBracket: awaited.append(.rightBracket)
        case .leftParenthesis: awaited.append(.rightParenthesis)
        case .rightBrace, .rightBracket, .rightParenthesis:
            guard awaited.popLast() == sign else { throw error("unexpected “\(sign.rawValue)”", at: index) }
        default: break
        }
        try append(.sign(sign), at: index)
        index += sign.rawValue.utf8.count
    }

    // MARK: Numbers

    private mutating func readNumber() throws(JinjaError) {
        let start = index
        if scalar(start) == "0", let letter = scalar(start + 1),
            let radix = ["b": 2, "B": 2, "o": 8, "O": 8, "x": 16, "X": 16][letter]
        {
            index += 2
            let digits = readDigits(radix)
            if !digits.isEmpty { return try appendInteger(digits, radix, at: start) }
            index = start
        }
        var text = readDigits(10)
        let isBehindDot = start > 0 && source[start - 1] == "."
        var isFloat = false
        if !isBehindDot, scalar(index) == ".", isDigit(index + 1) {
            index += 1
            text += "." + readDigits(10)
            isFloat = true
        }
        if !isBehindDot, scalar(index) == "e" || scalar(index) == "E" {
            let sign = scalar(index + 1) == "-" || scalar(index + 1) == "+" ? 1 : 0
            if isDigit(index + 1 + sign) {
                text += "e" + string(index + 1..<index + 1 + sign)
                index += 1 + sign
                text += readDigits(10)
                isFloat = true
            }
        }
        guard isFloat else {
            guard text.utf8.first != UInt8(ascii: "0") || text.utf8.allSatisfy({ $0 == UInt8(ascii: "0") })
            else { throw error("a whole number that begins with 0", at: start) }
            return try appendInteger(text, 10, at: start)
        }
        try append(.float(Double(text) ?? .infinity), at: start)
    }

    private mutating func appendInteger(_ digits: String, _ radix: Int, at start: Int) throws(JinjaError) {
        guard let value = Int(digits, radix: radix) else {
            throw error("a whole number of more than 64 bits", at: start)
        }
        try append(.integer(value), at: start)
    }

    private func isDigit(_ index: Int) -> Bool { scalar(index).map { ("0"..."9").contains($0) } ?? false }

    /// Digits with single underscores between them, which are left out.
    private mutating func readDigits(_ radix: Int) -> String {
        var digits = ""
        while true {
            let next = scalar(index) == "_" ? index + 1 : index
            guard let scalar = scalar(next), scalar.isASCII,
                let value = Character(scalar).hexDigitValue, value < radix
            else { return digits }
            digits.unicodeScalars.append(scalar)
            index = next + 1
        }
    }

    // MARK: Strings

    private mutating func readString(_ quote: Unicode.Scalar) throws(JinjaError) {
        let start = index
        index += 1
        var result = String.UnicodeScalarView()
        while let scalar = scalar(index), scalar != quote {
            if scalar == "\\" {
                try readEscape(into: &result)
            } else {
                result.append(scalar)
                index += 1
            }
        }
        guard scalar(index) == quote else { throw error("a string that does not end", at: start) }
        index += 1
        try append(.text(String(result)), at: start)
    }

    /// An escape of Python's; one that Python does not know stays as it is.
    private mutating func readEscape(into result: inout String.UnicodeScalarView) throws(JinjaError) {
        let start = index
        guard let letter = scalar(index + 1) else { throw error("a string that does not end", at: start) }
        index += 2
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n",
            "r": "\r", "t": "\t", "v": "\u{B}",
        ]
        if let scalar = plain[letter] { return result.append(scalar) }
        switch letter {
        case "\n": break
        case "x": result.append(try readCode(2, 16, from: start))
        case "u": result.append(try readCode(4, 16, from: start))
        case "U": result.append(try readCode(8, 16, from: start))
        case "N": throw error("a character by its name (\\N), which is not supported", at: start)
        case "0"..."7":
            index = start + 1
            var count = 1
            while count < 3, let next = scalar(index + count), ("0"..."7").contains(next) { count += 1 }
            result.append(try readCode(count, 8, from: start))
        default:
            result.append("\\")
            result.append(letter)
        }
    }

    private mutating func readCode(
        _ count: Int, _ radix: Int, from start: Int
    ) throws(JinjaError) -> Unicode.Scalar {
        let end = index + count
        guard end <= source.count, source[index..<end].allSatisfy({ Character($0).hexDigitValue != nil }),
            let code = UInt32(string(index..<end), radix: radix)
        else { throw error("an escape of too few digits", at: start) }
        guard let scalar = Unicode.Scalar(code) else {
            throw error("an escape that is no Unicode character", at: start)
        }
        index = end
        return scalar
    }
}
