// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterPlanning

/// An object of the book's file, before anybody asked what is in it.
struct BookFields {
    private(set) var numbers: [String: Double] = [:]
    private(set) var texts: [String: String] = [:]
    /// Lists of pairs of numbers.
    private(set) var pairs: [String: [(Double, Double)]] = [:]
    private var objects: [String: [BookFields]] = [:]

    /// Reads an object; what has no place in a book is passed over.
    init(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        try json.readObject { json, key throws(JSONError) in
            switch try json.peek() {
            case .number: numbers[key] = try json.readDouble()
            case .string: texts[key] = try json.readText()
            case .array: try readList(&json, key)
            case .object, .bool, .null: try json.skip()
            }
        }
    }

    private mutating func readList(_ json: inout JSONReader<JSONError>, _ key: String) throws(JSONError) {
        try json.readArray { json throws(JSONError) in
            switch try json.peek() {
            case .object: objects[key, default: []].append(try BookFields(&json))
            case .array:
                var values: [Double] = []
                try json.readArray { json throws(JSONError) in values.append(try json.readDouble()) }
                guard values.count == 2 else { throw json.unexpected("a pair of numbers") }
                pairs[key, default: []].append((values[0], values[1]))
            case .string, .number, .bool, .null: try json.skip()
            }
        }
    }

    /// The objects of a list; none if there is no such list.
    func list(_ key: String) -> [BookFields] { objects[key] ?? [] }

    func number(_ key: String) throws(ProfileError) -> Double {
        guard let number = numbers[key] else { throw ProfileError("an entry has no \(key)") }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(ProfileError) -> Int {
        let number = try number(key)
        guard let integer = Int(exactly: number), range.contains(integer) else {
            throw ProfileError("\(key) is \(number), expected \(range.lowerBound)...\(range.upperBound)")
        }
        return integer
    }

    func time(_ key: String) throws(ProfileError) -> Int { try integer(key, in: 0...1 << 40) }

    /// A name that may go to a terminal.
    func name(_ key: String) throws(ProfileError) -> String {
        guard let text = texts[key] else { throw ProfileError("an entry has no \(key)") }
        guard (1...Limits.nameBytesMax).contains(text.utf8.count), PrintableText.line(text) == text else {
            throw ProfileError("\(key) “\(PrintableText.line(text, bytesMax: 99))” is no name")
        }
        return text
    }
}
