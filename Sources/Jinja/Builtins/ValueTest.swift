// SPDX-License-Identifier: MIT

/// What can stand behind `is`.
enum ValueTest: String {
    case defined
    case undefined
    case none
    case string
    case number
    case integer
    case float
    case boolean
    case mapping
    case iterable
    case sequence
    case callable
    case isTrue = "true"
    case isFalse = "false"
    case odd
    case even
    case divisibleby
    case lower
    case upper
    case sameas
    case isIn = "in"
    case filter
    case test
    case escaped
    case equalSign = "=="
    case eq
    case equalto
    case notEqualSign = "!="
    case ne
    case moreSign = ">"
    case gt
    case greaterthan
    case atLeastSign = ">="
    case ge
    case lessSign = "<"
    case lt
    case lessthan
    case atMostSign = "<="
    case le

    var comparison: Comparison? {
        switch self {
        case .equalSign, .eq, .equalto: .equal
        case .notEqualSign, .ne: .notEqual
        case .moreSign, .gt, .greaterthan: .more
        case .atLeastSign, .ge: .atLeast
        case .lessSign, .lt, .lessthan: .less
        case .atMostSign, .le: .atMost
        case .isIn: .isIn
        default: nil
        }
    }
}

extension Interpreter {
    func check(_ value: JinjaValue, _ name: String, _ arguments: Arguments) throws(JinjaError) -> Bool {
        guard let test = ValueTest(rawValue: name) else { throw failure("unknown test “\(name)”") }
        try step()
        if let comparison = test.comparison {
            let values = try bind(arguments, to: ["other"], required: 1, of: "the test “\(name)”")
            return try compare(value, comparison, values[0] ?? .null)
        }
        switch test {
        case .divisibleby:
            let values = try bind(arguments, to: ["num"], required: 1, of: "divisibleby")
            return try compare(try compute(value, .modulo, values[0] ?? .null), .equal, 0)
        case .sameas:
            let values = try bind(arguments, to: ["other"], required: 1, of: "sameas")
            return try isSame(value, values[0] ?? .null)
        default: _ = try bind(arguments, to: [], of: "the test “\(name)”")
        }
        switch test {
        case .odd: return try compare(try compute(value, .modulo, 2), .equal, 1)
        case .even: return try compare(try compute(value, .modulo, 2), .equal, 0)
        case .lower, .upper:
            let text = try text(of: value)
            try work(text.utf8.count)
            return Self.holds(test == .lower ? "islower" : "isupper", of: text)
        case .filter: return Filter(rawValue: try string(value, "a filter's name")) != nil
        case .test: return ValueTest(rawValue: try string(value, "a test's name")) != nil
        default: return isOfType(value, test)
        }
    }

    private func isOfType(_ value: JinjaValue, _ test: ValueTest) -> Bool {
        switch (test, value) {
        case (.undefined, .undefined), (.none, .null), (.string, .string), (.integer, .int), (.float, .float),
            (.boolean, .bool), (.mapping, .dict), (.isTrue, .bool(true)), (.isFalse, .bool(false)):
            true
        case (.defined, .undefined): false
        case (.defined, _): true
        case (.number, _): value.number != nil
        case (.sequence, .undefined), (.sequence, .string), (.sequence, .list), (.sequence, .tuple),
            (.sequence, .dict),
            (.sequence, .object(.range)):
            true
        case (.iterable, .undefined), (.iterable, .string), (.iterable, .list), (.iterable, .tuple),
            (.iterable, .dict), (.iterable, .object(.range)), (.iterable, .object(.view)),
            (.iterable, .object(.iterator)), (.iterable, .object(.loop)):
            true
        case (.callable, .undefined), (.callable, .object(.macro)), (.callable, .object(.function)),
            (.callable, .object(.method)), (.callable, .object(.loop)), (.callable, .object(.joiner)):
            true
        default: false
        }
    }

    /// Python's `is`, which for lists and dictionaries asks for the very same one: here, an equal one.
    private func isSame(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> Bool {
        guard left.typeName == right.typeName else { return false }
        return try equal(left, right)
    }
}
