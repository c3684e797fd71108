// SPDX-License-Identifier: MIT

extension Parser {
    /// Reads statements up to a tag that begins with one of `ends`, whose name is read next.
    mutating func readStatements(until ends: [String]) throws(JinjaError) -> [Statement] {
        try descend()
        var statements: [Statement] = []
        while true {
            let place = place
            if let error = unknown.first { throw error }
            switch token.kind {
            case .data(let text):
                advance()
                statements.append(.text(text, place))
            case .outputBegin:
                advance()
                statements.append(.output(try readTuple(), place))
                try expect(.outputEnd)
            case .statementBegin:
                advance()
                if case .name(let name) = token.kind, ends.contains(name) {
                    rise()
                    return statements
                }
                try readStatement(into: &statements)
                try expect(.statementEnd)
            case .end where ends.isEmpty:
                rise()
                return statements
            default:
                throw unexpected(ends.map { "“{% \($0) %}”" }.joined(separator: " or "))
            }
        }
    }

    /// Reads the rest of a tag, and the statements up to the tag that ends them, with its name.
    mutating func readBody(until end: String) throws(JinjaError) -> [Statement] {
        let body = try readBody(untilOneOf: [end])
        advance()
        return body
    }

    mutating func readBody(untilOneOf ends: [String]) throws(JinjaError) -> [Statement] {
        _ = take(.colon)
        try expect(.statementEnd)
        return try readStatements(until: ends)
    }

    private mutating func readStatement(into statements: inout [Statement]) throws(JinjaError) {
        let place = place
        switch try readWord() {
        case "set": statements.append(try readSet(at: place))
        case "if": statements.append(try readChoice(at: place))
        case "for": statements.append(try readLoop(at: place))
        case "macro": statements.append(try readMacro(at: place))
        case "call": statements.append(try readCall(at: place))
        case "with": statements.append(try readWith(at: place))
        case "filter":
            let filters = try readFilters(isFirstRead: true)
            statements.append(.filter(filters, try readBody(until: "endfilter"), place))
        case "generation":
            // Transformers has it be the body of a call: the loop around cannot be left from there.
            let outer = loops
            loops = 0
            statements.append(.block(try readBody(until: "endgeneration"), place))
            loops = outer
        case "break":
            guard loops > 0 else { throw error("“{% break %}” outside of a loop", at: place) }
            statements.append(.leave(place))
        case "continue":
            guard loops > 0 else { throw error("“{% continue %}” outside of a loop", at: place) }
            statements.append(.next(place))
        case "print":
            while token.kind != .statementEnd {
                statements.append(.output(try readExpression(), place))
                if token.kind != .statementEnd { try expect(.comma) }
            }
        case let name where ["block", "extends", "include", "import", "from", "autoescape"].contains(name):
            throw error("the statement “\(name)” is not supported", at: place)
        case let name: throw error("unknown statement “\(name)”", at: place)
        }
    }

    // MARK: Variables

    private mutating func readSet(at place: Place) throws(JinjaError) -> Statement {
        let target = try readTarget(attributes: true)
        if take(.assign) { return .set(target, try readTuple(), place) }
        let filters = isAt(.pipe) ? try readFilters(isFirstRead: false) : []
        return .setBlock(target, filters, try readBody(until: "endset"), place)
    }

    private mutating func readWith(at place: Place) throws(JinjaError) -> Statement {
        var values: [(target: Target, value: Expression)] = []
        while token.kind != .statementEnd {
            if !values.isEmpty { try expect(.comma) }
            let target = try readTarget(attributes: false)
            try expect(.assign)
            values.append((target, try readExpression()))
        }
        return .with(values, try readBody(until: "endwith"), place)
    }

    /// One target, or several between commas.
    private mutating func readTarget(attributes: Bool) throws(JinjaError) -> Target {
        let place = place
        var targets: [Target] = []
        var isTuple = false
        while !isAt(word: "in"), !isAt(.assign), !isAt(.rightParenthesis), token.kind != .statementEnd {
            targets.append(try readSingleTarget(attributes))
            guard take(.comma) else { break }
            isTuple = true
        }
        guard let first = targets.first else { throw unexpected("a name") }
        return isTuple ? .tuple(targets, place) : first
    }

    private mutating func readSingleTarget(_ attributes: Bool) throws(JinjaError) -> Target {
        let place = place
        if take(.leftParenthesis) {
            try descend()
            let target = try readTarget(attributes: attributes)
            rise()
            try expect(.rightParenthesis)
            return target
        }
        let name = try readWord()
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw error("cannot assign to “\(name)”", at: place)
        }
        guard attributes, take(.dot) else { return .name(number(of: name)) }
        return .attribute(use(name), try readWord(), place)
    }

    // MARK: Choices and loops

    private mutating func readChoice(at place: Place) throws(JinjaError) -> Statement {
        conditions += 1
        var branches: [(test: Expression, body: [Statement])] = []
        var otherwise: [Statement] = []
        var end = "elif"
        while end == "elif" {
            let test = try readTuple(conditional: false)
            branches.append((test, try readBody(untilOneOf: ["elif", "else", "endif"])))
            end = try readWord()
        }
        if end == "else" { otherwise = try readBody(until: "endif") }
        conditions -= 1
        return .choice(branches, otherwise: otherwise, place)
    }

    private mutating func readLoop(at place: Place) throws(JinjaError) -> Statement {
        let target = try readTarget(attributes: false)
        try expect(word: "in")
        let iterable = try readTuple(conditional: false, end: "recursive")
        let test = take(word: "if") ? try readExpression() : nil
        let isRecursive = take(word: "recursive")
        loops += 1
        let body = try readBody(untilOneOf: ["endfor", "else"])
        loops -= 1
        let otherwise = try readWord() == "else" ? try readBody(until: "endfor") : []
        return .loop(
            Loop(
                target: target, iterable: iterable, test: test, isRecursive: isRecursive, body: body,
                otherwise: otherwise, place: place))
    }

    // MARK: Macros

    private mutating func readMacro(at place: Place) throws(JinjaError) -> Statement {
        let name = try readWord()
        return .macro(name: number(of: name), try readMacro(name, end: "endmacro", at: place))
    }

    private mutating func readCall(at place: Place) throws(JinjaError) -> Statement {
        // What the body's parameters are stands before what is called.
        let parameters = isAt(.leftParenthesis) ? try readParameters() : []
        let expression = try readExpression()
        guard case .postfix(_, let suffixes) = expression, case .call? = suffixes.last else {
            throw error("“{% call %}” without a call", at: place)
        }
        let caller = try readMacroBody(nil, parameters, end: "endcall", at: place)
        return .call(expression, caller: caller, place)
    }

    private mutating func readMacro(_ name: String, end: String, at place: Place) throws(JinjaError) -> Macro
    {
        let parameters = try readParameters()
        return try readMacroBody(name, parameters, end: end, at: place)
    }

    private mutating func readParameters() throws(JinjaError) -> [Macro.Parameter] {
        var parameters: [Macro.Parameter] = []
        try expect(.leftParenthesis)
        while !isAt(.rightParenthesis) {
            if !parameters.isEmpty { try expect(.comma) }
            let place = place
            let name = try readWord()
            let standard = take(.assign) ? try readExpression() : nil
            if standard == nil, parameters.last?.standard != nil {
                throw error("the parameter “\(name)” needs a default, as the one before it", at: place)
            }
            parameters.append(.init(number: number(of: name), name: name, standard: standard))
        }
        try expect(.rightParenthesis)
        return parameters
    }

    private mutating func readMacroBody(
        _ name: String?, _ parameters: [Macro.Parameter], end: String, at place: Place
    ) throws(JinjaError) -> Macro {
        let outer = loops
        loops = 0
        implicit.append([])
        let body = try readBody(until: end)
        let used = implicit.popLast() ?? []
        loops = outer
        return Macro(name: name, parameters: parameters, body: body, implicit: used, place: place)
    }
}
