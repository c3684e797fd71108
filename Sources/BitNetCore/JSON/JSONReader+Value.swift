// SPDX-License-Identifier: MIT

extension JSONReader {
    /// Reads a value of any kind, its keys in the order in which they stand.
    ///
    /// A number without point and exponent that fits is an integer. At most `Limits.jsonValuesMax` values are taken, as
    /// each takes many times the memory of its text.
    package mutating func readValue() throws(Failure) -> JSONValue {
        var left = Limits.jsonValuesMax
        return try readValue(&left)
    }

    /// - Parameter left: how many values may be read yet.
    private mutating func readValue(_ left: inout Int) throws(Failure) -> JSONValue {
        guard left > 0 else { throw unexpected("at most \(Limits.jsonValuesMax) values") }
        left -= 1
        switch try peek() {
        case .object:
            var members: [(key: String, value: JSONValue)] = []
            try readObject { json, key throws(Failure) in members.append((key, try json.readValue(&left))) }
            return .object(members)
        case .array:
            var values: [JSONValue] = []
            try readArray { json throws(Failure) in values.append(try json.readValue(&left)) }
            return .list(values)
        case .string: return .text(try readText())
        case .number: return try readNumericValue()
        case .bool: return .flag(try readBool())
        case .null:
            _ = try readNull()
            return .null
        }
    }
}
