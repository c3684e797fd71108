// SPDX-License-Identifier: MIT

extension Interpreter {
    func evaluate(_ expression: Expression) throws(JinjaError) -> JinjaValue {
        switch expression {
        case .constant(let value):
            try step()
            return value
        case .name(let name, let place):
            self.place = place
            try step()
            return value(of: name)
        default:
            return try nested { () throws(JinjaError) in try evaluateCompound(expression) }
        }
    }

    private func evaluateCompound(_ expression: Expression) throws(JinjaError) -> JinjaValue {
        switch expression {
        case .constant, .name: return try evaluate(expression)
        case .list(let elements, let place): return try list(try evaluate(elements, place))
        case .tuple(let elements, let place): return try tuple(try evaluate(elements, place))
        case .dict(let entries, let place): return try dictionary(entries, place)
        case .conditional(let test, let then, let otherwise, let place):
            if isTrue(try evaluate(test)) { return try evaluate(then) }
            if let otherwise { return try evaluate(otherwise) }
            self.place = place
            return .undefined("an “if” without “else” that is not true has no value")
        case .and(let operands): return try decide(operands, by: false)
        case .or(let operands): return try decide(operands, by: true)
        case .not(let operand): return .bool(!isTrue(try evaluate(operand)))
        case .comparison(let first, let operands, let place): return try compare(first, operands, place)
        case .arithmetic(let first, let operands): return try compute(first, operands)
        case .concatenation(let operands, let place): return try concatenate(operands, place)
        case .sign(let isMinus, let operand, let place):
            let value = try evaluate(operand)
            self.place = place
            return try signed(value, isMinus: isMinus)
        case .postfix(let base, let suffixes): return try evaluate(base, suffixes[...])
        }
    }

    private func evaluate(_ elements: [Expression], _ place: Place) throws(JinjaError) -> [JinjaValue] {
        self.place = place
        try charge(elements: elements.count)
        var values: [JinjaValue] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try evaluate(element)) }
        self.place = place
        return values
    }

    private func dictionary(
        _ entries: [(key: Expression, value: Expression)], _ place: Place
    ) throws(JinjaError) -> JinjaValue {
        self.place = place
        try charge(elements: 4 * entries.count)
        var dict = JinjaDict()
        for entry in entries {
            let key = try evaluate(entry.key)
            let value = try evaluate(entry.value)
            self.place = place
            dict.set(try self.key(key), key, value)
        }
        return try checked(.dict(dict))
    }

    func key(_ value: JinjaValue) throws(JinjaError) -> JinjaKey {
        guard let key = JinjaKey(value) else {
            throw failure("a value of type “\(value.typeName)” cannot be a key")
        }
        return key
    }

    /// The first operand whose truth decides, or the last one.
    private func decide(_ operands: [Expression], by truth: Bool) throws(JinjaError) -> JinjaValue {
        var value = JinjaValue.null
        for operand in operands {
            value = try evaluate(operand)
            if isTrue(value) == truth { return value }
        }
        return value
    }

    private func compare(
        _ first: Expression, _ operands: [(operation: Comparison, operand: Expression)], _ place: Place
    ) throws(JinjaError) -> JinjaValue {
        var left = try evaluate(first)
        for (operation, operand) in operands {
            let right = try evaluate(operand)
            self.place = place
            guard try compare(left, operation, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    private func compute(
        _ first: Expression, _ operands: [(operation: Arithmetic, operand: Expression, place: Place)]
    ) throws(JinjaError) -> JinjaValue {
        var value = try evaluate(first)
        for (operation, operand, place) in operands {
            let right = try evaluate(operand)
            self.place = place
            try step()
            value = try compute(value, operation, right)
        }
        return value
    }

    private func concatenate(_ operands: [Expression], _ place: Place) throws(JinjaError) -> JinjaValue {
        var result = ""
        for operand in operands {
            let value = try evaluate(operand)
            self.place = place
            let text = try text(of: value)
            try charge(text.utf8.count)
            result += text
        }
        return .string(result)
    }

    // MARK: Suffixes

    /// A value with some of what stands behind it.
    func evaluate(_ base: Expression, _ suffixes: ArraySlice<Suffix>) throws(JinjaError) -> JinjaValue {
        var value = try evaluate(base)
        for suffix in suffixes {
            try step()
            value = try apply(suffix, to: value)
        }
        return value
    }

    private func apply(_ suffix: Suffix, to value: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch suffix {
        case .attribute(let name, let place):
            self.place = place
            return try attribute(name, of: value)
        case .item(let expression, let place):
            let key = try evaluate(expression)
            self.place = place
            return try item(key, of: value)
        case .slice(let start, let stop, let step, let place):
            let bounds = (try bound(start, place), try bound(stop, place), try bound(step, place))
            self.place = place
            return try slice(value, bounds.0, bounds.1, bounds.2)
        case .call(let call):
            let arguments = try evaluate(call)
            place = call.place
            return try self.call(value, arguments)
        case .filter(let filter): return try apply(filter, to: value)
        case .test(let test):
            let arguments = try evaluate(test.call)
            place = test.call.place
            return .bool(try check(value, test.name, arguments) != test.isNegated)
        }
    }

    func apply(_ filter: FilterCall, to value: JinjaValue) throws(JinjaError) -> JinjaValue {
        let arguments = try evaluate(filter.call)
        place = filter.call.place
        return try self.filter(value, filter.name, arguments)
    }

    /// A bound of a slice; `nil` if there is none.
    private func bound(_ expression: Expression?, _ place: Place) throws(JinjaError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        self.place = place
        switch value {
        case .null: return nil
        case .int(let int): return int
        case .bool(let bool): return bool ? 1 : 0
        case .undefined(let reason): throw failure(reason)
        default: throw failure("the bound of a slice is of type “\(value.typeName)”, not “int”")
        }
    }

    // MARK: Arguments

    func evaluate(_ call: Call) throws(JinjaError) -> Arguments {
        place = call.place
        var arguments = Arguments()
        if !call.positional.isEmpty { try charge(elements: call.positional.count) }
        for expression in call.positional { arguments.positional.append(try evaluate(expression)) }
        if let spread = call.spread {
            let value = try evaluate(spread)
            place = call.place
            let elements = try elements(of: value)
            try charge(elements: elements.count)
            arguments.positional += elements
        }
        for (name, expression) in call.named {
            arguments.named.append((name, try evaluate(expression)))
        }
        if let spread = call.namedSpread {
            let value = try evaluate(spread)
            place = call.place
            guard case .dict(let dict) = value else { throw failure("“**” needs a dictionary") }
            try charge(elements: 2 * dict.count)
            for (key, value) in dict.entries {
                guard case .string(let name) = key else { throw failure("“**” needs texts as keys") }
                arguments.named.append((name, value))
            }
        }
        // Each is compared with all others.
        guard arguments.named.count <= 1_000 else { throw failure(.limit, "more than 1000 named arguments") }
        for (index, argument) in arguments.named.enumerated()
        where arguments.named[..<index].contains(where: { $0.name.hasBytes(of: argument.name) }) {
            throw failure("the argument “\(argument.name)” is there twice")
        }
        return arguments
    }
}
