// SPDX-License-Identifier: MIT

/// What can stand behind `|`.
enum Filter: String {
    case abs
    case attr
    case batch
    case capitalize
    case center
    case count
    case d
    case `default`
    case dictsort
    case e
    case escape
    case first
    case float
    case forceescape
    case format
    case indent
    case int
    case items
    case join
    case last
    case length
    case list
    case lower
    case map
    case max
    case min
    case reject
    case rejectattr
    case replace
    case reverse
    case round
    case safe
    case select
    case selectattr
    case slice
    case sort
    case string
    case sum
    case title
    case tojson
    case trim
    case unique
    case upper
    case urlencode
    case wordcount
}

extension Interpreter {
    func filter(_ value: JinjaValue, _ name: String, _ arguments: Arguments) throws(JinjaError) -> JinjaValue
    {
        guard let filter = Filter(rawValue: name) else { throw failure("unknown filter “\(name)”") }
        try step()
        switch filter {
        case .tojson: return try json(value, arguments)
        case .default, .d:
            let values = try bind(arguments, to: ["default_value", "boolean"], of: name)
            if case .undefined = value { return values[0] ?? "" }
            return truth(values[1]) && !isTrue(value) ? values[0] ?? "" : value
        case .upper, .lower, .capitalize, .title, .trim, .string, .safe, .escape, .e, .forceescape, .replace,
            .indent, .wordcount, .urlencode, .format, .center:
            return try textFilter(filter, value, arguments)
        case .abs, .float, .int, .round: return try numberFilter(filter, value, arguments)
        case .map, .select, .reject, .selectattr, .rejectattr, .attr:
            return try elementFilter(filter, value, arguments)
        case .sort, .unique, .min, .max, .dictsort, .sum: return try orderFilter(filter, value, arguments)
        case .batch, .slice: return try groupFilter(filter, value, arguments)
        case .count, .length, .first, .last, .list, .reverse, .items, .join:
            return try sequenceFilter(filter, value, arguments)
        }
    }

    // MARK: Attributes of elements

    /// A path through attributes, such as `function.name` or `0`.
    func path(_ attribute: JinjaValue?) throws(JinjaError) -> [JinjaValue] {
        switch attribute {
        case nil, .some(.null): return []
        case .string(let text):
            var parts: [JinjaValue] = []
            for part in try pieces(of: text, between: ".", atMost: .max, fromEnd: false) {
                let isNumber = !part.isEmpty && part.unicodeScalars.allSatisfy(\.isPythonDigit)
                parts.append(
                    isNumber ? Int(part, radix: 10).map { .int($0) } ?? .string(part) : .string(part))
            }
            return parts
        case .some(let other): return [other]
        }
    }

    func value(
        of path: [JinjaValue], in element: JinjaValue, or standard: JinjaValue? = nil
    ) throws(JinjaError) -> JinjaValue {
        var value = element
        for part in path {
            try step()
            value = try item(part, of: value)
            if case .undefined = value, let standard { value = standard }
        }
        return value
    }

    /// What elements are ordered by: themselves or an attribute, whose letters count as small ones.
    func keys(
        of elements: [JinjaValue], _ attribute: JinjaValue?, caseSensitive: Bool
    ) throws(JinjaError) -> [JinjaValue] {
        let path = try path(attribute)
        try charge(elements: elements.count)
        var keys: [JinjaValue] = []
        for element in elements {
            try step()
            var key = try value(of: path, in: element)
            if !caseSensitive, case .string(let text) = key { key = try recased(text, "lower") }
            keys.append(key)
        }
        return keys
    }
}
