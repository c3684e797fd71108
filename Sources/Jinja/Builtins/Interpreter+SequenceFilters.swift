// SPDX-License-Identifier: MIT

extension Interpreter {
    func sequenceFilter(
        _ filter: Filter, _ value: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        if filter == .join { return try joined(value, arguments) }
        _ = try bind(arguments, to: [], of: filter.rawValue)
        switch filter {
        case .count, .length:
            guard let count = try count(of: value) else {
                throw failure("a value of type “\(value.typeName)” has no length")
            }
            return .int(count)
        case .first: return try firstElement(of: value) ?? .undefined("no first item of an empty sequence")
        case .last:
            try refuseUnordered(value)
            return try elements(of: value).last ?? .undefined("no last item of an empty sequence")
        case .list: return try list(try elements(of: value))
        case .items:
            switch value {
            case .undefined: return try iterator([])
            case .dict(let dict):
                return try iterator(try elements(of: .object(.view(.items, dict))).reversed())
            default: throw failure("items of a value of type “\(value.typeName)”")
            }
        default:
            if case .string(let text) = value {
                try charge(4 * text.utf8.count)
                return .string(String(scalars: text.unicodeScalars.reversed()))
            }
            // An iterator gives its last element first.
            return try iterator(try elements(of: value))
        }
    }

    /// What has no last element for Python.
    private func refuseUnordered(_ value: JinjaValue) throws(JinjaError) {
        if case .object(.iterator) = value {
            throw failure("last of a value of type “\(value.typeName)”; make it a list first")
        }
    }

    private func joined(_ value: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["d", "attribute"], of: "join")
        let separator = try text(of: values[0] ?? "")
        let path = try path(values[1])
        var result = ""
        for (index, element) in try elements(of: value).enumerated() {
            try step()
            let text = try text(of: try self.value(of: path, in: element))
            try charge(text.utf8.count + separator.utf8.count)
            if index > 0 { result += separator }
            result += text
        }
        return .string(result)
    }

    // MARK: Filters of elements

    func elementFilter(
        _ filter: Filter, _ value: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        if filter == .attr {
            let values = try bind(arguments, to: ["name"], required: 1, of: "attr")
            let name = try string(values[0], "an attribute's name")
            if case .dict = value {
                // What the dictionary holds is no attribute.
                return try attribute(name, of: .dict(JinjaDict()))
            }
            return try attribute(name, of: value)
        }
        // Of nothing, `None` too, `map` makes nothing.
        if filter == .map, !isTrue(value) { return try iterator([]) }
        let source = try elements(of: value)
        try charge(elements: source.count)
        var result: [JinjaValue] = []
        if filter == .map {
            let change = try change(arguments)
            for element in source { result.append(try change(element)) }
        } else {
            let isAdmitted = try condition(filter, arguments)
            for element in source where try isAdmitted(element) { result.append(element) }
        }
        return try iterator(result.reversed())
    }

    private typealias Change = (JinjaValue) throws(JinjaError) -> JinjaValue
    private typealias Condition = (JinjaValue) throws(JinjaError) -> Bool

    /// What `map` makes of each element.
    private func change(_ arguments: Arguments) throws(JinjaError) -> Change {
        var arguments = arguments
        if arguments.positional.isEmpty, let attribute = arguments.take("attribute") {
            let standard = arguments.take("default")
            guard arguments.named.isEmpty else { throw failure("map takes an attribute and a default") }
            let path = try path(attribute)
            return { [self] element throws(JinjaError) in
                try step()
                return try value(of: path, in: element, or: standard)
            }
        }
        guard let first = arguments.positional.first else {
            throw failure("map needs a filter or an attribute")
        }
        let name = try string(first, "the filter of map")
        arguments.positional.removeFirst()
        return { [self] element throws(JinjaError) in
            try nested { () throws(JinjaError) in try filter(element, name, arguments) }
        }
    }

    /// Which elements stay.
    private func condition(_ filter: Filter, _ arguments: Arguments) throws(JinjaError) -> Condition {
        var arguments = arguments
        var path: [JinjaValue] = []
        if filter == .selectattr || filter == .rejectattr {
            guard let attribute = arguments.positional.first else {
                throw failure("\(filter.rawValue) needs an attribute")
            }
            path = try self.path(attribute)
            arguments.positional.removeFirst()
        }
        let wanted = filter == .select || filter == .selectattr
        guard let first = arguments.positional.first else {
            return { [self] element throws(JinjaError) in
                try step()
                return isTrue(try value(of: path, in: element)) == wanted
            }
        }
        let name = try string(first, "the test of \(filter.rawValue)")
        arguments.positional.removeFirst()
        return { [self] element throws(JinjaError) in
            try check(try value(of: path, in: element), name, arguments) == wanted
        }
    }

    // MARK: Groups

    func groupFilter(
        _ filter: Filter, _ value: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        let name = filter == .batch ? "linecount" : "slices"
        let values = try bind(arguments, to: [name, "fill_with"], required: 1, of: filter.rawValue)
        let count = try integer(values[0], or: 1, "a count")
        guard count > 0 else { throw failure("\(filter.rawValue) needs a count of more than 0") }
        let filling = values[1].flatMap { isNone($0) ? nil : $0 }
        let source = try elements(of: value)
        try charge(elements: source.count)
        var groups: [JinjaValue] = []
        if filter == .batch {
            var start = 0
            while start < source.count {
                let end = count < source.count - start ? start + count : source.count
                var group = Array(source[start..<end])
                if let filling, group.count < count {
                    try charge(elements: count - group.count)
                    group += Array(repeating: filling, count: count - group.count)
                }
                try charge(elements: 1)
                groups.append(try list(group))
                start = end
            }
        } else {
            try charge(elements: count)
            let (size, extra) = source.count.quotientAndRemainder(dividingBy: count)
            var start = 0
            for index in 0..<count {
                try charge(elements: 1)
                let end = start + size + (index < extra ? 1 : 0)
                var group = Array(source[start..<end])
                if let filling, index >= extra { group.append(filling) }
                groups.append(try list(group))
                start = end
            }
        }
        return try iterator(groups.reversed())
    }
}
