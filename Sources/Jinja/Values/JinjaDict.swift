// SPDX-License-Identifier: MIT

/// A dictionary that keeps the order in which its keys came.
package struct JinjaDict: Sendable {
    package private(set) var entries: [(key: JinjaValue, value: JinjaValue)] = []
    private var places: [JinjaKey: Int] = [:]
    private(set) var depth = 1

    package init() {}

    /// - Parameter entries: of two equal keys, the last value counts.
    package init(_ entries: [(String, JinjaValue)]) {
        self.entries.reserveCapacity(entries.count)
        places.reserveCapacity(entries.count)
        for (key, value) in entries { self[key] = value }
    }

    package var count: Int { entries.count }

    /// The value of a text.
    package subscript(key: String) -> JinjaValue? {
        get { places[.text(Text(key))].map { entries[$0].value } }
        set {
            guard let newValue else { return }
            set(.text(Text(key)), .string(key), newValue)
        }
    }

    func value(of key: JinjaKey) -> JinjaValue? {
        places[key].map { entries[$0].value }
    }

    /// A key that is there stays as it is, and gets the new value.
    mutating func set(_ key: JinjaKey, _ original: JinjaValue, _ value: JinjaValue) {
        if let place = places[key] {
            entries[place].value = value
        } else {
            places[key] = entries.count
            entries.append((original, value))
        }
        depth = max(depth, 1 + value.depth, 1 + original.depth)
    }
}

/// What can be a key, equal as in Python: `1`, `1.0` and `True` are one.
enum JinjaKey: Hashable, Sendable {
    case null
    case integer(Int)
    /// A number that is not an integer of 64 bits.
    case float(Double)
    case text(Text)
    case tuple([JinjaKey])

    /// `nil` for what can be no key.
    init?(_ value: JinjaValue) {
        switch value {
        case .null: self = .null
        case .bool(let bool): self = .integer(bool ? 1 : 0)
        case .int(let int): self = .integer(int)
        case .float(let float): self = Int(exactly: float).map { .integer($0) } ?? .float(float)
        case .string(let string): self = .text(Text(string))
        case .tuple(let tuple):
            var keys: [JinjaKey] = []
            for element in tuple.elements {
                guard let key = JinjaKey(element) else { return nil }
                keys.append(key)
            }
            self = .tuple(keys)
        default: return nil
        }
    }
}

/// A string that equals only one of the same bytes; `String` takes two ways to write an accent for one.
struct Text: Hashable, Sendable {
    let string: String

    init(_ string: String) { self.string = string }

    static func == (left: Text, right: Text) -> Bool { left.string.hasBytes(of: right.string) }

    func hash(into hasher: inout Hasher) {
        var copy = string
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8(0xFF))
    }
}

extension String {
    func hasBytes(of other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Whether it comes first by Unicode scalars, whose order UTF-8 keeps.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
