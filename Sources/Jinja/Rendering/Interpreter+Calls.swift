// SPDX-License-Identifier: MIT

extension Interpreter {
    /// The functions that every template has.
    static let functions: Set = [
        "range", "dict", "namespace", "joiner", "cycler", "raise_exception", "strftime_now",
    ]

    func call(_ callee: JinjaValue, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        guard case .object(let object) = callee else {
            if case .undefined(let reason) = callee { throw failure(reason) }
            throw failure("a value of type “\(callee.typeName)” cannot be called")
        }
        switch object {
        case .macro(let index):
            return try nested { () throws(JinjaError) in try call(macros[index], arguments) }
        case .loop(let id):
            let values = try bind(arguments, to: ["iterable"], required: 1, of: "a loop")
            return try nested { () throws(JinjaError) in
                try iterateAgain(id, over: values[0] ?? .null)
            }
        case .function(let name): return try function(name, arguments)
        case .method(let receiver, let name): return try method(name, of: receiver, arguments)
        case .joiner(let id):
            guard joiners[id].isUsed else {
                joiners[id].isUsed = true
                return ""
            }
            return .string(joiners[id].separator)
        default: throw failure("a value of type “\(object.typeName)” cannot be called")
        }
    }

    private func method(
        _ name: String, of receiver: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        switch receiver {
        case .string(let text): return try stringMethod(name, of: text, arguments)
        case .dict(let dict): return try dictMethod(name, of: dict, arguments)
        case .list(let list), .tuple(let list):
            return try listMethod(name, of: list.elements, receiver, arguments)
        case .object(.loop(let id)): return try call(name, ofLoop: id, arguments)
        case .object(.cycler(let id)):
            _ = try bind(arguments, to: [], of: name)
            let item = cyclers[id].items[cyclers[id].position]
            cyclers[id].position = name == "reset" ? 0 : (cyclers[id].position + 1) % cyclers[id].items.count
            return name == "reset" ? JinjaValue.null : item
        default: throw failure("unknown method “\(name)”")
        }
    }

    private func function(_ name: String, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        switch name {
        case "range": return try range(arguments)
        case "dict": return .dict(try dictionary(arguments, of: name))
        case "namespace":
            let dict = try dictionary(arguments, of: name)
            namespaces.append(dict)
            return .object(.namespace(namespaces.count - 1))
        case "joiner":
            let values = try bind(arguments, to: ["sep"], of: name)
            try charge(elements: 2)
            joiners.append((try text(of: values[0] ?? ", "), false))
            return .object(.joiner(joiners.count - 1))
        case "cycler":
            guard !arguments.positional.isEmpty, arguments.named.isEmpty else {
                throw failure("cycler needs arguments without names")
            }
            try charge(elements: arguments.positional.count)
            cyclers.append((arguments.positional, 0))
            return .object(.cycler(cyclers.count - 1))
        case "raise_exception":
            let values = try bind(arguments, to: ["message"], required: 1, of: name)
            throw failure(.raised, try text(of: values[0] ?? .null))
        default:
            let values = try bind(arguments, to: ["format"], required: 1, of: name)
            let format = try string(values[0], "the format of strftime_now")
            guard let text = now(format) else {
                throw failure("strftime_now has no time of the format “\(format)”")
            }
            return try string(text)
        }
    }

    private func range(_ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["start", "stop", "step"], required: 1, of: "range")
        guard arguments.named.isEmpty else { throw failure("range takes no named arguments") }
        var numbers: [Int] = []
        for value in arguments.positional { numbers.append(try integer(value, or: 0, "a bound of range")) }
        let start = values[1] == nil ? 0 : numbers[0]
        let stop = values[1] == nil ? numbers[0] : numbers[1]
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw failure("the step of range cannot be 0") }
        guard let range = JinjaRange(start: start, stop: stop, step: step),
            range.count <= limits.rangeCountMax
        else { throw failure(.limit, "a range of more than \(limits.rangeCountMax) numbers") }
        return .object(.range(range))
    }

    /// What Python's `dict` makes: of a dictionary or pairs, and of named arguments.
    private func dictionary(_ arguments: Arguments, of name: String) throws(JinjaError) -> JinjaDict {
        var dict = JinjaDict()
        guard arguments.positional.count <= 1 else {
            throw failure("\(name) takes at most one list of pairs")
        }
        switch arguments.positional.first {
        case nil: break
        case .dict(let other):
            try charge(elements: 4 * other.count)
            dict = other
        case .some(let pairs):
            if case .undefined(let reason) = pairs { throw failure(reason) }
            for pair in try elements(of: pairs) {
                let entry = try elements(of: pair)
                guard entry.count == 2 else { throw failure("\(name) needs pairs") }
                try charge(elements: 4)
                dict.set(try key(entry[0]), entry[0], entry[1])
            }
        }
        try charge(elements: 4 * arguments.named.count)
        for (name, value) in arguments.named { dict[name] = value }
        _ = try checked(.dict(dict))
        return dict
    }
}
