// SPDX-License-Identifier: MIT

extension Interpreter {
    /// `value.name`: what the type has by this name, and else what the value holds.
    func attribute(_ name: String, of value: JinjaValue) throws(JinjaError) -> JinjaValue {
        if case .undefined(let reason) = value { throw failure(reason) }
        if let own = try ownAttribute(name, of: value) { return own }
        if case .dict(let dict) = value, let item = dict[name] { return item }
        return .undefined("a value of type “\(value.typeName)” has no attribute “\(name)”")
    }

    /// `value[key]`: what the value holds, and else what the type has by this name.
    func item(_ key: JinjaValue, of value: JinjaValue) throws(JinjaError) -> JinjaValue {
        if case .undefined(let reason) = value { throw failure(reason) }
        if let held = try held(key, by: value) { return held }
        guard case .string(let name) = key else {
            return .undefined("a value of type “\(value.typeName)” has no such element")
        }
        return try ownAttribute(name, of: value)
            ?? .undefined("a value of type “\(value.typeName)” has no attribute “\(name)”")
    }

    private func held(_ key: JinjaValue, by value: JinjaValue) throws(JinjaError) -> JinjaValue? {
        if case .dict(let dict) = value { return JinjaKey(key).flatMap { dict.value(of: $0) } }
        let index: Int
        switch key {
        case .int(let int): index = int
        case .bool(let bool): index = bool ? 1 : 0
        default: return nil
        }
        switch value {
        case .list(let list), .tuple(let list):
            return place(index, of: list.elements.count).map { list.elements[$0] }
        case .string(let string):
            try work(string.utf8.count)
            let scalars = string.unicodeScalars
            guard let place = place(index, of: scalars.count) else { return nil }
            return try self.string(String(scalars[scalars.index(scalars.startIndex, offsetBy: place)]))
        case .object(.range(let range)): return place(index, of: range.count).map { .int(range[$0]) }
        default: return nil
        }
    }

    /// The place that an index means, which counts from the end if it is negative.
    private func place(_ index: Int, of count: Int) -> Int? {
        let place = index < 0 ? index + count : index
        return place >= 0 && place < count ? place : nil
    }

    // MARK: Attributes of types

    private func ownAttribute(_ name: String, of value: JinjaValue) throws(JinjaError) -> JinjaValue? {
        if name.hasPrefix("__"), name.hasSuffix("__") { return unsafe(name, of: value) }
        switch value {
        case .string: return Self.stringMethods.contains(name) ? method(name, of: value) : nil
        case .list, .tuple:
            if case .list = value, Self.listChanges.contains(name) { return unsafe(name, of: value) }
            if case .list = value, name == "copy" { return method(name, of: value) }
            return name == "index" || name == "count" ? method(name, of: value) : nil
        case .dict:
            if Self.dictChanges.contains(name) { return unsafe(name, of: value) }
            return Self.dictMethods.contains(name) ? method(name, of: value) : nil
        case .object(.namespace(let index)): return namespaces[index][name]
        case .object(.loop(let id)): return try attribute(name, ofLoop: id)
        case .object(.cycler(let id)):
            if name == "current" { return cyclers[id].items[cyclers[id].position] }
            return name == "next" || name == "reset" ? method(name, of: value) : nil
        case .object(.macro(let id)):
            guard name == "name" else { return nil }
            return macros[id].macro.name.map { .string($0) } ?? JinjaValue.null
        default: return nil
        }
    }

    private func method(_ name: String, of value: JinjaValue) -> JinjaValue {
        .object(.method(value, name))
    }

    /// What Jinja's sandbox does not give, and says when it is used.
    private func unsafe(_ name: String, of value: JinjaValue) -> JinjaValue {
        .undefined("the attribute “\(name)” of a value of type “\(value.typeName)” is not for templates")
    }

    private static let listChanges: Set = [
        "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
    ]
    private static let dictChanges: Set = ["clear", "pop", "popitem", "setdefault", "update"]
    private static let dictMethods: Set = ["items", "keys", "values", "get", "copy", "fromkeys"]

    // MARK: Slices

    func slice(
        _ value: JinjaValue, _ start: Int?, _ stop: Int?, _ step: Int?
    ) throws(JinjaError) -> JinjaValue {
        switch value {
        case .undefined(let reason): throw failure(reason)
        case .list(let list):
            let indices = try indices(list.elements.count, start, stop, step)
            return try self.list(try pick(indices, of: list.elements))
        case .tuple(let tuple):
            let indices = try indices(tuple.elements.count, start, stop, step)
            return try self.tuple(try pick(indices, of: tuple.elements))
        case .string(let string): return try slice(string, start, stop, step)
        case .object(.range(let range)):
            let indices = try indices(range.count, start, stop, step)
            guard let part = range.slice(indices) else { throw failure("the slice of a range is too large") }
            return .object(.range(part))
        default: throw failure("a value of type “\(value.typeName)” cannot be sliced")
        }
    }

    private func slice(
        _ string: String, _ start: Int?, _ stop: Int?, _ step: Int?
    ) throws(JinjaError) -> JinjaValue {
        // The scalars of a string take four bytes each while it is cut.
        try charge(4 * string.utf8.count)
        let scalars = Array(string.unicodeScalars)
        let indices = try indices(scalars.count, start, stop, step)
        return .string(String(scalars: (0..<indices.count).lazy.map { scalars[indices[$0]] }))
    }

    private func pick(_ indices: JinjaRange, of elements: [JinjaValue]) throws(JinjaError) -> [JinjaValue] {
        try charge(elements: indices.count)
        return (0..<indices.count).map { elements[indices[$0]] }
    }

    /// Python's rules for the bounds of a slice: they are moved to where elements are.
    private func indices(
        _ count: Int, _ start: Int?, _ stop: Int?, _ step: Int?
    ) throws(JinjaError) -> JinjaRange {
        // A step beyond the elements takes one of them, whatever it is.
        let step = max(min(step ?? 1, count + 1), -count - 1)
        let (low, high) = step < 0 ? (-1, count - 1) : (0, count)
        func moved(_ bound: Int) -> Int {
            bound < 0 ? max(bound + count, low) : min(bound, high)
        }
        let first = start.map(moved) ?? (step < 0 ? high : low)
        let last = stop.map(moved) ?? (step < 0 ? low : high)
        guard let range = JinjaRange(start: first, stop: last, step: step) else {
            throw failure("the step of a slice cannot be 0")
        }
        return range
    }
}
