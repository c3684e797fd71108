// SPDX-License-Identifier: MIT

/// What a function, method, filter or test is called with.
struct Arguments {
    var positional: [JinjaValue] = []
    var named: [(name: String, value: JinjaValue)] = []

    /// Takes a named argument out.
    mutating func take(_ name: String) -> JinjaValue? {
        named.firstIndex { $0.name == name }.map { named.remove(at: $0).value }
    }
}

extension Interpreter {
    /// The arguments of parameters with these names, in their order; `nil` for those that were not given.
    ///
    /// - Parameters:
    ///   - callee: what is called, for messages.
    ///   - required: how many parameters need an argument.
    func bind(
        _ arguments: Arguments, to names: [String], required: Int = 0, of callee: String
    ) throws(JinjaError) -> [JinjaValue?] {
        guard arguments.positional.count <= names.count else {
            throw failure("\(callee) takes at most \(names.count) arguments")
        }
        var values: [JinjaValue?] = arguments.positional
        values += Array(repeating: nil, count: names.count - values.count)
        for (name, value) in arguments.named {
            guard let index = names.firstIndex(of: name), values[index] == nil else {
                throw failure("\(callee) has no use for the argument “\(name)”")
            }
            values[index] = value
        }
        for index in 0..<required where values[index] == nil {
            throw failure("\(callee) needs the argument “\(names[index])”")
        }
        return values
    }

    // MARK: Types of arguments

    func integer(_ value: JinjaValue?, or standard: Int, _ what: String) throws(JinjaError) -> Int {
        switch value {
        case nil: return standard
        case .int(let int): return int
        case .bool(let bool): return bool ? 1 : 0
        case .undefined(let reason): throw failure(reason)
        case .some(let other): throw failure("\(what) is of type “\(other.typeName)”, not “int”")
        }
    }

    func string(_ value: JinjaValue?, _ what: String) throws(JinjaError) -> String {
        switch value {
        case .string(let string): return string
        case .undefined(let reason): throw failure(reason)
        case .some(let other): throw failure("\(what) is of type “\(other.typeName)”, not “str”")
        case nil: throw failure("\(what) is missing")
        }
    }

    func truth(_ value: JinjaValue?, or standard: Bool = false) -> Bool { value.map(isTrue) ?? standard }
}
