// SPDX-License-Identifier: MIT

extension Parser {
    /// Attributes, items and calls behind a value.
    mutating func readAccess() throws(JinjaError) -> [Suffix] {
        var suffixes: [Suffix] = []
        while true {
            let place = place
            if take(.dot) {
                suffixes.append(try readAttribute(at: place))
            } else if take(.leftBracket) {
                suffixes.append(try readSubscript(at: place))
            } else if isAt(.leftParenthesis) {
                suffixes.append(.call(try readCallArguments()))
            } else {
                return suffixes
            }
        }
    }

    private mutating func readAttribute(at place: Place) throws(JinjaError) -> Suffix {
        guard case .integer(let integer) = token.kind else { return .attribute(try readWord(), place) }
        advance()
        return .item(.constant(.int(integer)), place)
    }

    private mutating func readSubscript(at place: Place) throws(JinjaError) -> Suffix {
        var elements: [Expression] = []
        var isTuple = false
        while !isAt(.rightBracket) {
            if !elements.isEmpty { try expect(.comma) }
            let start = isAt(.colon) ? nil : try readExpression()
            if isAt(.colon) {
                guard elements.isEmpty else { throw error("a slice of several dimensions", at: place) }
                return try readSlice(from: start, at: place)
            }
            if let start { elements.append(start) }
            isTuple = isTuple || elements.count > 1
        }
        advance()
        guard let first = elements.first, !isTuple else { return .item(.tuple(elements, place), place) }
        return .item(first, place)
    }

    private mutating func readSlice(from start: Expression?, at place: Place) throws(JinjaError) -> Suffix {
        try expect(.colon)
        let stop = isAt(.colon) || isAt(.rightBracket) ? nil : try readExpression()
        var step: Expression?
        if take(.colon), !isAt(.rightBracket) { step = try readExpression() }
        try expect(.rightBracket)
        return .slice(start: start, stop: stop, step: step, place)
    }

    // MARK: Calls

    mutating func readCallArguments() throws(JinjaError) -> Call {
        var call = Call(place: place)
        try expect(.leftParenthesis)
        var isFirst = true
        while !isAt(.rightParenthesis) {
            if !isFirst {
                try expect(.comma)
                if isAt(.rightParenthesis) { break }
            }
            isFirst = false
            try readArgument(into: &call)
        }
        try expect(.rightParenthesis)
        return call
    }

    private mutating func readArgument(into call: inout Call) throws(JinjaError) {
        let place = place
        if take(.multiply) {
            guard call.spread == nil, call.namedSpread == nil else { throw misplaced(place) }
            call.spread = try readExpression()
        } else if take(.power) {
            guard call.namedSpread == nil else { throw misplaced(place) }
            call.namedSpread = try readExpression()
        } else if case .name(let name) = token.kind, next.kind == .sign(.assign) {
            guard call.namedSpread == nil else { throw misplaced(place) }
            advance()
            advance()
            call.named.append((name, try readExpression()))
        } else {
            guard call.spread == nil, call.namedSpread == nil, call.named.isEmpty else {
                throw misplaced(place)
            }
            call.positional.append(try readExpression())
        }
    }

    private func misplaced(_ place: Place) -> JinjaError {
        error("an argument in the wrong place of a call", at: place)
    }

    // MARK: Filters and tests

    mutating func readFiltersAndTests(into suffixes: inout [Suffix]) throws(JinjaError) {
        while true {
            if take(.pipe) {
                suffixes.append(.filter(try readFilter()))
            } else if take(word: "is") {
                suffixes.append(.test(try readTest()))
            } else if isAt(.leftParenthesis) {
                suffixes.append(.call(try readCallArguments()))
            } else {
                return
            }
        }
    }

    /// Filters behind pipes; of a filter block, the first one stands without.
    mutating func readFilters(isFirstRead: Bool) throws(JinjaError) -> [FilterCall] {
        var filters: [FilterCall] = []
        if isFirstRead { filters.append(try readFilter()) }
        while take(.pipe) { filters.append(try readFilter()) }
        return filters
    }

    private mutating func readFilter() throws(JinjaError) -> FilterCall {
        let place = place
        let name = try readDottedName()
        if conditions == 0, Filter(rawValue: name) == nil {
            unknown.append(error("unknown filter “\(name)”", at: place))
        }
        let call = isAt(.leftParenthesis) ? try readCallArguments() : Call(place: place)
        return FilterCall(name: name, call: call)
    }

    private mutating func readDottedName() throws(JinjaError) -> String {
        var name = try readWord()
        while take(.dot) { name += "." + (try readWord()) }
        return name
    }

    private mutating func readTest() throws(JinjaError) -> TestCall {
        let place = place
        let isNegated = take(word: "not")
        let name = try readDottedName()
        if conditions == 0, ValueTest(rawValue: name) == nil {
            unknown.append(error("unknown test “\(name)”", at: place))
        }
        var call = Call(place: place)
        if isAt(.leftParenthesis) {
            call = try readCallArguments()
        } else if isLiteral(token.kind), !["else", "or", "and"].contains(where: { isAt(word: $0) }) {
            if isAt(word: "is") { throw error("a test of a test", at: self.place) }
            let operand = try readPrimary()
            let access = try readAccess()
            call.positional = [access.isEmpty ? operand : .postfix(operand, access)]
        }
        return TestCall(name: name, call: call, isNegated: isNegated)
    }
}
