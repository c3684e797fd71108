// SPDX-License-Identifier: MIT

extension Interpreter {
    func orderFilter(
        _ filter: Filter, _ value: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        switch filter {
        case .sort: return try sorted(value, arguments)
        case .dictsort: return try sortedEntries(value, arguments)
        case .sum:
            let values = try bind(arguments, to: ["attribute", "start"], of: "sum")
            let path = try path(values[0])
            var sum = values[1] ?? 0
            if case .string = sum { throw failure("sum of texts") }
            for element in try elements(of: value) {
                try step()
                sum = try compute(sum, .plus, try self.value(of: path, in: element))
            }
            return sum
        default: break
        }
        let values = try bind(arguments, to: ["case_sensitive", "attribute"], of: filter.rawValue)
        let source = try elements(of: value)
        let keys = try keys(of: source, values[1], caseSensitive: truth(values[0]))
        if filter == .unique { return try unique(source, keys) }
        guard var best = source.indices.first else {
            return .undefined("no item of an empty sequence")
        }
        for index in source.indices.dropFirst() {
            try step()
            let (left, right) = filter == .min ? (index, best) : (best, index)
            if let order = try order(keys[left], keys[right]), order < 0 { best = index }
        }
        return source[best]
    }

    private func unique(_ source: [JinjaValue], _ keys: [JinjaValue]) throws(JinjaError) -> JinjaValue {
        try charge(elements: 4 * source.count)
        var seen: Set<JinjaKey> = []
        var result: [JinjaValue] = []
        for (element, key) in zip(source, keys) where seen.insert(try self.key(key)).inserted {
            result.append(element)
        }
        return try iterator(result.reversed())
    }

    private func sorted(_ value: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["reverse", "case_sensitive", "attribute"], of: "sort")
        let source = try elements(of: value)
        let isSensitive = truth(values[1])
        var keys: [JinjaValue]
        if case .string(let names) = values[2], names.utf8.contains(UInt8(ascii: ",")) {
            // Several attributes, the first one first.
            var columns: [[JinjaValue]] = []
            for name in try pieces(of: names, between: ",", atMost: .max, fromEnd: false) {
                columns.append(try self.keys(of: source, .string(name), caseSensitive: isSensitive))
            }
            keys = []
            for index in source.indices {
                try charge(elements: columns.count)
                keys.append(try list(columns.map { $0[index] }))
            }
        } else {
            keys = try self.keys(of: source, values[2], caseSensitive: isSensitive)
        }
        return try list(try sorted(source, by: keys, reverse: truth(values[0])))
    }

    private func sortedEntries(_ value: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["case_sensitive", "by", "reverse"], of: "dictsort")
        guard case .dict(let dict) = value else {
            throw failure("dictsort of a value of type “\(value.typeName)”")
        }
        let by = try string(values[1] ?? "key", "what dictsort sorts by")
        guard by == "key" || by == "value" else { throw failure("dictsort sorts by “key” or “value”") }
        let entries = try elements(of: .object(.view(.items, dict)))
        let keys = try keys(of: entries, .int(by == "key" ? 0 : 1), caseSensitive: truth(values[0]))
        return try list(try sorted(entries, by: keys, reverse: truth(values[2])))
    }
}
