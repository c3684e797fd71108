// SPDX-License-Identifier: MIT

extension Interpreter {
    /// What a loop over a value goes through.
    func elements(of value: JinjaValue) throws(JinjaError) -> [JinjaValue] {
        switch value {
        case .undefined: return []
        case .list(let list), .tuple(let list): return list.elements
        case .dict(let dict): return try elements(of: .keys, dict)
        case .object(.view(let view, let dict)): return try elements(of: view, dict)
        case .string(let string):
            try charge(elements: string.utf8.count)
            return string.unicodeScalars.map { .string(String($0)) }
        case .object(.range(let range)):
            try charge(elements: range.count)
            return (0..<range.count).map { .int(range[$0]) }
        case .object(.iterator(let id)):
            // It gives its elements once.
            let rest = iterators[id]
            iterators[id] = []
            return Array(rest.reversed())
        default: throw failure("a value of type “\(value.typeName)” has no elements")
        }
    }

    private func elements(
        of view: JinjaObject.View, _ dict: JinjaDict
    ) throws(JinjaError) -> [JinjaValue] {
        try charge(elements: dict.count)
        switch view {
        case .keys: return dict.entries.map(\.key)
        case .values: return dict.entries.map(\.value)
        case .items:
            try charge(elements: 3 * dict.count)
            _ = try checked(.object(.view(view, dict)))
            return dict.entries.map { .tuple(JinjaList([$0.key, $0.value])) }
        }
    }

    /// The first element; an iterator loses it.
    func firstElement(of value: JinjaValue) throws(JinjaError) -> JinjaValue? {
        switch value {
        case .object(.iterator(let id)): return iterators[id].popLast()
        case .string(let string): return string.unicodeScalars.first.map { .string(String($0)) }
        default: return try elements(of: value).first
        }
    }

    /// How many elements a value has; `nil` if Python cannot tell.
    func count(of value: JinjaValue) throws(JinjaError) -> Int? {
        switch value {
        case .undefined: return 0
        case .string(let string):
            try work(string.utf8.count)
            return string.unicodeScalars.count
        case .list(let list), .tuple(let list): return list.elements.count
        case .dict(let dict), .object(.view(_, let dict)): return dict.count
        case .object(.range(let range)): return range.count
        case .object(.loop(let id)): return try length(ofLoop: id)
        default: return nil
        }
    }

    func isTrue(_ value: JinjaValue) -> Bool {
        switch value {
        case .undefined, .null: false
        case .bool(let bool): bool
        case .int(let int): int != 0
        case .float(let float): float != 0
        case .string(let string): !string.isEmpty
        case .list(let list), .tuple(let list): !list.elements.isEmpty
        case .dict(let dict), .object(.view(_, let dict)): dict.count > 0
        case .object(.range(let range)): range.count > 0
        case .object: true
        }
    }

    /// Python's `in`.
    func contains(_ container: JinjaValue, _ value: JinjaValue) throws(JinjaError) -> Bool {
        switch container {
        case .string(let text):
            let part = try string(value, "what is searched in a text")
            return try !matches(of: part, in: text, atMost: 1).isEmpty
        case .dict(let dict), .object(.view(.keys, let dict)):
            return dict.value(of: try key(value)) != nil
        case .object(.namespace), .object(.loop), .object(.macro), .object(.function), .object(.method):
            throw failure("a value of type “\(container.typeName)” has no elements")
        default:
            for element in try elements(of: container) where try equal(element, value) { return true }
            return false
        }
    }
}
