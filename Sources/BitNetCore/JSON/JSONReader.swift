// SPDX-License-Identifier: MIT

/// Reads JSON (RFC 8259) front to back, as its caller asks for values.
///
/// Made for tokenizer files with hundreds of thousands of strings and for headers of foreign files: nothing is
/// built that the caller does not want, strings keep their exact bytes (two that `String` holds equal may be two
/// tokens), nesting is bounded, and an error names the byte.
///
/// Errors are `Failure`s: those of a model file advise something else than those of a user's line.
///
/// Safety: the caller keeps the bytes alive while the reader is used.
package struct JSONReader<Failure: JSONReadingError> {
    package enum Kind: String, Sendable {
        case object = "an object"
        case array = "an array"
        case string = "a string"
        case number = "a number"
        case bool = "a truth value"
        case null
    }

    private let bytes: UnsafeRawBufferPointer
    package let file: String
    /// How many values may stand inside each other.
    private let depthMax: Int
    /// Where the first byte stands in the file.
    private let start: Int
    /// Bytes read so far.
    private var offset = 0
    private var depth = 0

    /// - Parameter fileOffset: where in the file the text begins, for messages.
    package init(
        _ bytes: UnsafeRawBufferPointer, file: String, fileOffset: Int = 0,
        depthMax: Int = Limits.jsonDepthMax
    ) {
        self.bytes = bytes
        self.file = file
        self.depthMax = depthMax
        start = fileOffset
        // A mark before the text means nothing, and readers may say so (RFC 8259).
        if start == 0 { offset = bytes.count - FileText.withoutMark(bytes).count }
    }

    /// The current place, in bytes from the start of the file.
    package var fileOffset: Int { start + offset }

    /// What the next value is.
    package mutating func peek() throws(Failure) -> Kind {
        skipSpace()
        switch byte {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .number
        default: throw unexpected("a value")
        }
    }

    // MARK: Containers

    /// Calls `member` with each key's bytes; it must read the value.
    package mutating func readEntries(
        _ member: (inout Self, [UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        try readList(.object, "{", "}") { json throws(Failure) in
            json.skipSpace()
            guard json.byte == UInt8(ascii: "\"") else { throw json.unexpected("a key in quotation marks") }
            let key = try json.readStringBytes()
            json.skipSpace()
            guard json.take(":") else { throw json.unexpected("a colon") }
            try member(&json, key)
        }
    }

    /// Calls `member` with each key; it must read the value.
    package mutating func readObject(
        _ member: (inout Self, String) throws(Failure) -> Void
    ) throws(Failure) {
        try readEntries { json, key throws(Failure) in
            guard let key = String(validating: key, as: UTF8.self) else {
                throw json.unexpected("a key in UTF-8")
            }
            try member(&json, key)
        }
    }

    /// Calls `element` for each element; it must read the value.
    package mutating func readArray(
        _ element: (inout Self) throws(Failure) -> Void
    ) throws(Failure) {
        try readList(.array, "[", "]", element)
    }

    private mutating func readList(
        _ kind: Kind, _ opening: Unicode.Scalar, _ closing: Unicode.Scalar,
        _ element: (inout Self) throws(Failure) -> Void
    ) throws(Failure) {
        guard try peek() == kind, take(opening) else { throw unexpected(kind.rawValue) }
        depth += 1
        guard depth <= depthMax else {
            throw unexpected("at most \(depthMax) values inside each other")
        }
        skipSpace()
        if !take(closing) {
            repeat {
                try element(&self)
                skipSpace()
            } while take(",")
            guard take(closing) else { throw unexpected("a comma or the end of \(kind.rawValue)") }
        }
        depth -= 1
    }

    // MARK: Plain values

    /// A string's bytes after its escapes were resolved.
    package mutating func readStringBytes() throws(Failure) -> [UInt8] {
        guard try peek() == .string, take("\"") else { throw unexpected(Kind.string.rawValue) }
        var result: [UInt8] = []
        var start = offset
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                result.append(contentsOf: bytes[start..<offset])
                offset += 1
                return result
            case UInt8(ascii: "\\"):
                result.append(contentsOf: bytes[start..<offset])
                offset += 1
                try readEscape(into: &result)
                start = offset
            case ..<0x20:
                throw unexpected("a string without control characters")
            default:
                offset += 1
            }
        }
        throw unexpected("the end of a string")
    }

    package mutating func readText() throws(Failure) -> String {
        guard let text = String(validating: try readStringBytes(), as: UTF8.self) else {
            throw unexpected("a string in UTF-8")
        }
        return text
    }

    package mutating func readInteger() throws(Failure) -> Int {
        let start = offset
        guard let value = Int(try readNumber(), radix: 10) else {
            offset = start
            throw unexpected("an integer of 64 bits")
        }
        return value
    }

    package mutating func readDouble() throws(Failure) -> Double {
        let start = offset
        guard let value = Double(try readNumber()), value.isFinite else {
            offset = start
            throw unexpected("a finite number")
        }
        return value
    }

    /// A number without point and exponent that fits is an integer.
    mutating func readNumericValue() throws(Failure) -> JSONValue {
        let start = offset
        let text = try readNumber()
        if let integer = Int(text, radix: 10) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            offset = start
            throw unexpected("a finite number")
        }
        return .number(number)
    }

    package mutating func readBool() throws(Failure) -> Bool {
        guard try peek() == .bool else { throw unexpected(Kind.bool.rawValue) }
        if take(word: "true") { return true }
        if take(word: "false") { return false }
        throw unexpected("true or false")
    }

    /// Reads a `null`, if the next value is one.
    package mutating func readNull() throws(Failure) -> Bool {
        guard try peek() == .null else { return false }
        guard take(word: "null") else { throw unexpected("null") }
        return true
    }

    /// Reads a value of any kind and forgets it.
    package mutating func skip() throws(Failure) {
        switch try peek() {
        case .object: try readEntries { json, _ throws(Failure) in try json.skip() }
        case .array: try readArray { json throws(Failure) in try json.skip() }
        case .string: _ = try readStringBytes()
        case .number: _ = try readNumber()
        case .bool: _ = try readBool()
        case .null: _ = try readNull()
        }
    }

    /// Checks that nothing follows the value.
    package mutating func finish() throws(Failure) {
        skipSpace()
        guard offset == bytes.count else { throw unexpected("nothing behind the value") }
    }

    /// An error at the current byte.
    package func unexpected(_ expected: String) -> Failure {
        let found =
            byte.map { (0x21...0x7E).contains($0) ? "“\(Unicode.Scalar($0))”" : "byte \($0)" } ?? "the end"
        return failure(at: fileOffset, found: found, expected: expected)
    }

    /// An error of what was read before.
    ///
    /// - Parameter offset: bytes from the start of the file.
    package func failure(at offset: Int, found: String, expected: String) -> Failure {
        Failure(JSONError(file: file, offset: offset, found: found, expected: expected))
    }

    // MARK: Bytes

    private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - offset >= count,
            word.withUTF8Buffer({ $0.elementsEqual(bytes[offset..<offset + count]) })
        else { return false }
        offset += count
        return true
    }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    /// The text of a number, which has JSON's form.
    private mutating func readNumber() throws(Failure) -> String {
        guard try peek() == .number else { throw unexpected(Kind.number.rawValue) }
        let start = offset
        _ = take("-")
        if !take("0") { try readDigits() }
        if take(".") { try readDigits() }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            try readDigits()
        }
        guard offset - start <= Limits.jsonNumberBytesMax else {
            throw unexpected("a number of at most \(Limits.jsonNumberBytesMax) bytes")
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func readDigits() throws(Failure) {
        let start = offset
        while let byte, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        guard offset > start else { throw unexpected("a digit") }
    }

    private mutating func readEscape(into result: inout [UInt8]) throws(Failure) {
        guard let byte else { throw unexpected("an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"): try readUnicodeEscape(into: &result)
        default:
            offset -= 1
            throw unexpected("a JSON escape")
        }
    }

    /// Four hexadecimal digits, and an escape with four more where the first is half of a surrogate pair.
    private mutating func readUnicodeEscape(into result: inout [UInt8]) throws(Failure) {
        // With the backslash and the u.
        let start = fileOffset - 2
        let first = try readHex()
        var value = UInt32(truncatingIfNeeded: first)
        if UTF16.isLeadSurrogate(first) {
            guard take("\\"), take("u") else { throw loneSurrogate(first, at: start) }
            let second = try readHex()
            guard UTF16.isTrailSurrogate(second) else { throw loneSurrogate(first, at: start) }
            value =
                0x10000 + ((UInt32(truncatingIfNeeded: first) - 0xD800) << 10)
                + (UInt32(truncatingIfNeeded: second) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw loneSurrogate(first, at: start) }
        result.append(contentsOf: Array(UTF8.encode(scalar) ?? .init()))
    }

    private func loneSurrogate(_ half: UInt16, at offset: Int) -> Failure {
        failure(
            at: offset, found: "a lone surrogate (u\(String(half, radix: 16))), which is no character",
            expected: "a whole surrogate pair, or the character itself")
    }

    private mutating func readHex() throws(Failure) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("four hexadecimal digits")
            }
            value = value << 4 | UInt16(truncatingIfNeeded: digit)
            offset += 1
        }
        return value
    }
}
