// SPDX-License-Identifier: MIT

/// What a template does.
indirect enum Statement: Sendable {
    case text(String, Place)
    case output(Expression, Place)
    case set(Target, Expression, Place)
    case setBlock(Target, [FilterCall], [Statement], Place)
    case choice([(test: Expression, body: [Statement])], otherwise: [Statement], Place)
    case loop(Loop)
    case macro(name: Int, Macro)
    case call(Expression, caller: Macro, Place)
    case filter([FilterCall], [Statement], Place)
    case with([(target: Target, value: Expression)], [Statement], Place)
    /// Statements with variables of their own.
    case block([Statement], Place)
    case leave(Place)
    case next(Place)
}

/// What a value can be given to.
indirect enum Target: Sendable {
    case name(Int)
    /// An attribute of a namespace.
    case attribute(Int, String, Place)
    case tuple([Target], Place)
}

struct Loop: Sendable {
    let target: Target
    let iterable: Expression
    /// Which elements count.
    let test: Expression?
    let isRecursive: Bool
    let body: [Statement]
    /// What happens if no element counts.
    let otherwise: [Statement]
    let place: Place
}

struct Macro: Sendable {
    struct Parameter: Sendable {
        let number: Int
        let name: String
        let standard: Expression?
    }

    /// `nil` for the body of a call.
    let name: String?
    let parameters: [Parameter]
    let body: [Statement]
    /// Which of the names that a macro has without declaring them its body uses.
    let implicit: ImplicitNames
    let place: Place
}

/// Names that a macro's body has without declaring them.
struct ImplicitNames: OptionSet, Sendable {
    let rawValue: Int
    static let caller = ImplicitNames(rawValue: 1)
    static let arguments = ImplicitNames(rawValue: 2)
    static let namedArguments = ImplicitNames(rawValue: 4)
}

/// A template that was read.
struct Program: Sendable {
    let statements: [Statement]
    /// The variables, by their numbers.
    let names: [String]
    let numbers: [Text: Int]
}
