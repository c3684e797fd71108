// SPDX-License-Identifier: MIT

/// What has a value.
///
/// Chains of operators, attributes and filters are lists, so that how deep expressions hold each other is how
/// deep the parser went, and no more.
indirect enum Expression: Sendable {
    case constant(JinjaValue)
    /// A variable, by its number in ``Program/names``.
    case name(Int, Place)
    case list([Expression], Place)
    case tuple([Expression], Place)
    case dict([(key: Expression, value: Expression)], Place)
    case conditional(test: Expression, then: Expression, otherwise: Expression?, Place)
    case and([Expression])
    case or([Expression])
    case not(Expression)
    case comparison(Expression, [(operation: Comparison, operand: Expression)], Place)
    /// Operators of the same rank, from left to right.
    case arithmetic(Expression, [(operation: Arithmetic, operand: Expression, place: Place)])
    case concatenation([Expression], Place)
    case sign(isMinus: Bool, Expression, Place)
    case postfix(Expression, [Suffix])
}

enum Comparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case atMost = "<="
    case more = ">"
    case atLeast = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

enum Arithmetic: String, Sendable {
    case plus = "+"
    case minus = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

/// What stands behind a value and makes another of it.
enum Suffix: Sendable {
    case attribute(String, Place)
    case item(Expression, Place)
    case slice(start: Expression?, stop: Expression?, step: Expression?, Place)
    case call(Call)
    case filter(FilterCall)
    case test(TestCall)
}

struct Call: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []
    /// What stands behind `*`: a list of arguments.
    var spread: Expression?
    /// What stands behind `**`: a dictionary of named arguments.
    var namedSpread: Expression?
    let place: Place
}

struct FilterCall: Sendable {
    let name: String
    let call: Call
}

struct TestCall: Sendable {
    let name: String
    let call: Call
    let isNegated: Bool
}
