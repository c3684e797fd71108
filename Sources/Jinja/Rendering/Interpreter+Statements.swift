// SPDX-License-Identifier: MIT

extension Interpreter {
    /// How statements end.
    enum Flow {
        case normal
        /// `{% break %}`
        case leave
        /// `{% continue %}`
        case next
    }

    func run(_ statements: [Statement]) throws(JinjaError) -> Flow {
        for statement in statements {
            let flow = try nested { () throws(JinjaError) in try run(statement) }
            if flow != .normal { return flow }
        }
        return .normal
    }

    private func run(_ statement: Statement) throws(JinjaError) -> Flow {
        switch statement {
        case .text(let text, let place):
            self.place = place
            try write(text)
        case .output(let expression, let place): try output(expression, place)
        case .set(let target, let expression, let place): try set(target, expression, place)
        case .choice(let branches, let otherwise, _): return try choose(branches, otherwise)
        case .loop(let loop): return try run(loop)
        case .setBlock(let target, let filters, let body, let place):
            try setBlock(target, filters, body, place)
        case .macro(let name, let macro): set(name, to: try closure(macro))
        case .call(let expression, let caller, let place): try call(expression, caller, place)
        case .filter(let filters, let body, let place):
            let text = try filtered(body, filters)
            self.place = place
            try write(try self.text(of: text))
        case .with(let values, let body, _): return try with(values, body)
        case .block(let body, _):
            return try inScope(of: scope) { () throws(JinjaError) in try run(body) }
        case .leave: return .leave
        case .next: return .next
        }
        return .normal
    }

    private func output(_ expression: Expression, _ place: Place) throws(JinjaError) {
        let value = try evaluate(expression)
        self.place = place
        try write(try text(of: value))
    }

    private func choose(
        _ branches: [(test: Expression, body: [Statement])], _ otherwise: [Statement]
    ) throws(JinjaError) -> Flow {
        for branch in branches where isTrue(try evaluate(branch.test)) { return try run(branch.body) }
        return try run(otherwise)
    }

    // MARK: Variables

    private func set(_ target: Target, _ expression: Expression, _ place: Place) throws(JinjaError) {
        let value = try evaluate(expression)
        self.place = place
        try assign(value, to: target)
    }

    private func setBlock(
        _ target: Target, _ filters: [FilterCall], _ body: [Statement], _ place: Place
    ) throws(JinjaError) {
        let value = try filtered(body, filters)
        self.place = place
        try assign(value, to: target)
    }

    /// What a block's filters make of its text.
    private func filtered(_ body: [Statement], _ filters: [FilterCall]) throws(JinjaError) -> JinjaValue {
        let parent = scope
        return try inScope(of: parent) { () throws(JinjaError) in
            var value = try capture { () throws(JinjaError) in _ = try run(body) }
            for filter in filters { value = try apply(filter, to: value) }
            return value
        }
    }

    func assign(_ value: JinjaValue, to target: Target) throws(JinjaError) {
        switch target {
        case .name(let name):
            try charge(MemoryLayout<JinjaValue>.stride)
            set(name, to: value)
        case .attribute(let name, let attribute, let place):
            self.place = place
            guard case .object(.namespace(let index)) = self.value(of: name) else {
                throw failure("“\(program.names[name])” is no namespace, whose attributes can be set")
            }
            try set(attribute, of: index, to: value)
        case .tuple(let targets, let place):
            self.place = place
            let elements = try elements(of: value)
            guard elements.count == targets.count else {
                throw failure("found \(elements.count) values for \(targets.count) names")
            }
            for (target, element) in zip(targets, elements) { try assign(element, to: target) }
        }
    }

    func set(_ attribute: String, of namespace: Int, to value: JinjaValue) throws(JinjaError) {
        try charge(elements: 4)
        namespaces[namespace][attribute] = value
    }

    private func with(
        _ values: [(target: Target, value: Expression)], _ body: [Statement]
    ) throws(JinjaError) -> Flow {
        var evaluated: [JinjaValue] = []
        for (_, value) in values { evaluated.append(try evaluate(value)) }
        return try inScope(of: scope) { () throws(JinjaError) in
            for (index, value) in evaluated.enumerated() { try assign(value, to: values[index].target) }
            return try run(body)
        }
    }

    // MARK: Macros

    private func closure(_ macro: Macro) throws(JinjaError) -> JinjaValue {
        place = macro.place
        try charge(elements: 4)
        macros.append(Closure(macro: macro, scope: scope))
        return .object(.macro(macros.count - 1))
    }

    /// A call that gets the statement's body as `caller`.
    private func call(_ expression: Expression, _ caller: Macro, _ place: Place) throws(JinjaError) {
        guard case .postfix(let base, let suffixes) = expression, case .call(let call)? = suffixes.last else {
            throw failure("a call is missing")
        }
        let callee = try evaluate(base, suffixes.dropLast())
        var arguments = try evaluate(call)
        arguments.named.append(("caller", try closure(caller)))
        self.place = place
        let value = try self.call(callee, arguments)
        self.place = place
        try write(try text(of: value))
    }

    /// What a macro writes.
    func call(_ closure: Closure, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        var arguments = arguments
        let macro = closure.macro
        let called = place
        return try inScope(of: closure.scope) { () throws(JinjaError) in
            try bind(macro, &arguments)
            place = called
            return try capture { () throws(JinjaError) in _ = try run(macro.body) }
        }
    }

    /// Gives a macro's parameters their values.
    private func bind(_ macro: Macro, _ arguments: inout Arguments) throws(JinjaError) {
        let name = macro.name ?? "caller"
        let spare = arguments.positional.dropFirst(macro.parameters.count)
        for (index, parameter) in macro.parameters.enumerated() {
            try charge(elements: 1)
            if index < arguments.positional.count {
                set(parameter.number, to: arguments.positional[index])
            } else if let value = arguments.take(parameter.name) {
                set(parameter.number, to: value)
            } else if let standard = parameter.standard {
                set(parameter.number, to: try evaluate(standard))
            } else {
                set(parameter.number, to: .undefined("parameter “\(parameter.name)” was not given"))
            }
        }
        if macro.implicit.contains(.caller), !macro.parameters.contains(where: { $0.name == "caller" }) {
            let caller = arguments.take("caller") ?? .undefined("there is no caller")
            if let number = program.numbers[Text("caller")] { set(number, to: caller) }
        }
        if macro.implicit.contains(.namedArguments), let number = program.numbers[Text("kwargs")] {
            try charge(elements: 4 * arguments.named.count)
            set(number, to: try checked(JinjaValue(arguments.named.map { ($0.name, $0.value) })))
        } else if let first = arguments.named.first {
            throw failure("the macro “\(name)” has no parameter “\(first.name)”")
        }
        if macro.implicit.contains(.arguments), let number = program.numbers[Text("varargs")] {
            try charge(elements: spare.count)
            set(number, to: try tuple(Array(spare)))
        } else if !spare.isEmpty {
            throw failure("the macro “\(name)” takes at most \(macro.parameters.count) arguments")
        }
    }
}
