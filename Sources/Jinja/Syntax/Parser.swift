// SPDX-License-Identifier: MIT

/// Reads a template's tokens into statements.
struct Parser {
    private let tokens: [Token]
    private var index = 0
    private let nestingMax: Int
    private var nesting = 0
    private var names: [String] = []
    private var numbers: [Text: Int] = [:]
    /// The names that the macros around the current place use without declaring them.
    var implicit: [ImplicitNames] = []
    /// Where a loop can be left: not from a macro inside it.
    var loops = 0
    /// Inside a condition what is not known is an error only if it is come to, as Jinja has it.
    var conditions = 0
    /// Unknown filters and tests outside of conditions; the word that makes a condition may still come.
    var unknown: [JinjaError] = []

    static func program(of template: String, limits: JinjaLimits) throws(JinjaError) -> Program {
        var parser = Parser(try Lexer.tokens(of: template, limits: limits), nestingMax: limits.nestingMax)
        let statements = try parser.readStatements(until: [])
        return Program(statements: statements, names: parser.names, numbers: parser.numbers)
    }

    private init(_ tokens: [Token], nestingMax: Int) {
        self.tokens = tokens
        self.nestingMax = nestingMax
    }

    // MARK: Tokens

    /// The last token is the end, which stays.
    var token: Token { tokens[min(index, tokens.count - 1)] }
    var next: Token { tokens[min(index + 1, tokens.count - 1)] }
    var place: Place { token.place }

    mutating func advance() { index += 1 }

    func isAt(_ sign: Token.Sign) -> Bool { token.kind == .sign(sign) }

    func isAt(word: String) -> Bool { token.kind == .name(word) }

    mutating func take(_ sign: Token.Sign) -> Bool {
        guard isAt(sign) else { return false }
        advance()
        return true
    }

    mutating func take(word: String) -> Bool {
        guard isAt(word: word) else { return false }
        advance()
        return true
    }

    mutating func expect(_ sign: Token.Sign) throws(JinjaError) {
        guard take(sign) else { throw unexpected("“\(sign.rawValue)”") }
    }

    mutating func expect(word: String) throws(JinjaError) {
        guard take(word: word) else { throw unexpected("“\(word)”") }
    }

    mutating func expect(_ kind: Token.Kind) throws(JinjaError) {
        guard token.kind == kind else { throw unexpected(Token(kind: kind, place: place).words) }
        advance()
    }

    mutating func readWord() throws(JinjaError) -> String {
        guard case .name(let name) = token.kind else { throw unexpected("a name") }
        advance()
        return name
    }

    // MARK: Errors

    func unexpected(_ expected: String) -> JinjaError {
        error("found \(token.words), expected \(expected)", at: place)
    }

    func error(_ message: String, at place: Place) -> JinjaError {
        JinjaError(.syntax, message, at: place)
    }

    // MARK: Nesting

    /// To be followed by ``rise()``; not after an error, which ends the parser.
    mutating func descend() throws(JinjaError) {
        nesting += 1
        guard nesting <= nestingMax else {
            throw JinjaError(
                .limit, "more than \(nestingMax) statements and parentheses inside each other", at: place)
        }
    }

    mutating func rise() { nesting -= 1 }

    // MARK: Names

    mutating func number(of name: String) -> Int {
        let key = Text(name)
        if let number = numbers[key] { return number }
        numbers[key] = names.count
        names.append(name)
        return names.count - 1
    }

    /// Notes that a name is used.
    mutating func use(_ name: String) -> Int {
        let use: ImplicitNames =
            switch name {
            case "caller": .caller
            case "varargs": .arguments
            case "kwargs": .namedArguments
            default: []
            }
        if !use.isEmpty { for index in implicit.indices { implicit[index].insert(use) } }
        return number(of: name)
    }
}
