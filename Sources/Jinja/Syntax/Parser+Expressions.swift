// SPDX-License-Identifier: MIT

extension Parser {
    /// An expression, or several between commas, which are a tuple.
    ///
    /// - Parameters:
    ///   - conditional: whether `a if b else c` is one.
    ///   - end: a word that ends it.
    ///   - parentheses: whether it stands between parentheses, where it may be empty.
    mutating func readTuple(
        conditional: Bool = true, end: String? = nil, parentheses: Bool = false
    ) throws(JinjaError) -> Expression {
        let place = place
        var elements: [Expression] = []
        var isTuple = false
        while !isTupleEnd(end) {
            elements.append(try readExpression(conditional: conditional))
            guard take(.comma) else { break }
            isTuple = true
        }
        if !isTuple {
            if let first = elements.first { return first }
            guard parentheses else { throw unexpected("an expression") }
        }
        return .tuple(elements, place)
    }

    private func isTupleEnd(_ end: String?) -> Bool {
        switch token.kind {
        case .outputEnd, .statementEnd, .sign(.rightParenthesis): true
        case .name(let name): name == end
        default: false
        }
    }

    mutating func readExpression(conditional: Bool = true) throws(JinjaError) -> Expression {
        try descend()
        let known = unknown.count
        var expression = try readOr()
        var rounds = 0
        while conditional, isAt(word: "if") {
            let place = place
            advance()
            unknown.removeLast(unknown.count - known)
            // They hold each other.
            try descend()
            rounds += 1
            conditions += 1
            let test = try readOr()
            let otherwise = take(word: "else") ? try readExpression() : nil
            conditions -= 1
            expression = .conditional(test: test, then: expression, otherwise: otherwise, place)
        }
        for _ in 0...rounds { rise() }
        return expression
    }

    // MARK: Truth

    private mutating func readOr() throws(JinjaError) -> Expression {
        let first = try readAnd()
        guard isAt(word: "or") else { return first }
        var operands = [first]
        while take(word: "or") { operands.append(try readAnd()) }
        return .or(operands)
    }

    private mutating func readAnd() throws(JinjaError) -> Expression {
        let first = try readNot()
        guard isAt(word: "and") else { return first }
        var operands = [first]
        while take(word: "and") { operands.append(try readNot()) }
        return .and(operands)
    }

    private mutating func readNot() throws(JinjaError) -> Expression {
        guard take(word: "not") else { return try readComparison() }
        try descend()
        let operand = try readNot()
        rise()
        return .not(operand)
    }

    private mutating func readComparison() throws(JinjaError) -> Expression {
        let place = place
        let first = try readSum()
        var operands: [(operation: Comparison, operand: Expression)] = []
        while let operation = takeComparison() { operands.append((operation, try readSum())) }
        return operands.isEmpty ? first : .comparison(first, operands, place)
    }

    private mutating func takeComparison() -> Comparison? {
        switch token.kind {
        case .sign(let sign):
            guard ["==", "!=", "<", "<=", ">", ">="].contains(sign.rawValue) else { return nil }
            advance()
            return Comparison(rawValue: sign.rawValue)
        case .name("in"):
            advance()
            return .isIn
        case .name("not") where next.kind == .name("in"):
            advance()
            advance()
            return .isNotIn
        default: return nil
        }
    }

    // MARK: Arithmetic

    private mutating func readSum() throws(JinjaError) -> Expression {
        let first = try readConcatenation()
        var operands: [(operation: Arithmetic, operand: Expression, place: Place)] = []
        while let (operation, place) = takeArithmetic(["+", "-"]) {
            operands.append((operation, try readConcatenation(), place))
        }
        return operands.isEmpty ? first : .arithmetic(first, operands)
    }

    private mutating func readConcatenation() throws(JinjaError) -> Expression {
        let place = place
        let first = try readProduct()
        guard isAt(.tilde) else { return first }
        var operands = [first]
        while take(.tilde) { operands.append(try readProduct()) }
        return .concatenation(operands, place)
    }

    private mutating func readProduct() throws(JinjaError) -> Expression {
        let first = try readPower()
        var operands: [(operation: Arithmetic, operand: Expression, place: Place)] = []
        while let (operation, place) = takeArithmetic(["*", "/", "//", "%"]) {
            operands.append((operation, try readPower(), place))
        }
        return operands.isEmpty ? first : .arithmetic(first, operands)
    }

    private mutating func readPower() throws(JinjaError) -> Expression {
        let first = try readUnary()
        var operands: [(operation: Arithmetic, operand: Expression, place: Place)] = []
        // From left to right, unlike Python's.
        while let (operation, place) = takeArithmetic(["**"]) {
            operands.append((operation, try readUnary(), place))
        }
        return operands.isEmpty ? first : .arithmetic(first, operands)
    }

    private mutating func takeArithmetic(_ signs: Set<String>) -> (Arithmetic, Place)? {
        let place = place
        guard case .sign(let sign) = token.kind, signs.contains(sign.rawValue),
            let operation = Arithmetic(rawValue: sign.rawValue)
        else { return nil }
        advance()
        return (operation, place)
    }

    /// - Parameter filters: whether filters and tests may follow; they do not bind to what follows a sign.
    private mutating func readUnary(filters: Bool = true) throws(JinjaError) -> Expression {
        let place = place
        var expression: Expression
        if isAt(.minus) || isAt(.plus) {
            let isMinus = isAt(.minus)
            advance()
            try descend()
            expression = .sign(isMinus: isMinus, try readUnary(filters: false), place)
            rise()
        } else {
            expression = try readPrimary()
        }
        var suffixes = try readAccess()
        if filters { try readFiltersAndTests(into: &suffixes) }
        return suffixes.isEmpty ? expression : .postfix(expression, suffixes)
    }

    // MARK: Values

    func isLiteral(_ kind: Token.Kind) -> Bool {
        switch kind {
        case .name, .text, .integer, .float, .sign(.leftParenthesis), .sign(.leftBracket), .sign(.leftBrace):
            true
        default: false
        }
    }

    mutating func readPrimary() throws(JinjaError) -> Expression {
        let place = place
        let kind = token.kind
        guard isLiteral(kind) else { throw unexpected("an expression") }
        advance()
        switch kind {
        case .name("true"), .name("True"): return .constant(.bool(true))
        case .name("false"), .name("False"): return .constant(.bool(false))
        case .name("none"), .name("None"): return .constant(.null)
        case .name(let name): return .name(use(name), place)
        case .integer(let integer): return .constant(.int(integer))
        case .float(let float): return .constant(.float(float))
        case .text(var text):
            while case .text(let more) = token.kind {
                text += more
                advance()
            }
            return .constant(.string(text))
        case .sign(.leftBracket): return .list(try readElements(until: .rightBracket), place)
        case .sign(.leftBrace): return try readDictionary(at: place)
        default:
            let expression = try readTuple(parentheses: true)
            try expect(.rightParenthesis)
            return expression
        }
    }

    private mutating func readElements(until end: Token.Sign) throws(JinjaError) -> [Expression] {
        var elements: [Expression] = []
        while !take(end) {
            if !elements.isEmpty {
                try expect(.comma)
                if take(end) { break }
            }
            elements.append(try readExpression())
        }
        return elements
    }

    private mutating func readDictionary(at place: Place) throws(JinjaError) -> Expression {
        var entries: [(key: Expression, value: Expression)] = []
        while !take(.rightBrace) {
            if !entries.isEmpty {
                try expect(.comma)
                if take(.rightBrace) { break }
            }
            let key = try readExpression()
            try expect(.colon)
            entries.append((key, try readExpression()))
        }
        return .dict(entries, place)
    }
}
