// SPDX-License-Identifier: MIT

/// One rendering of a template.
final class Interpreter {
    let program: Program
    let limits: JinjaLimits
    let now: (String) -> String?

    /// The template's own variables, by their numbers.
    private var globals: [JinjaValue?]
    /// The variables of the innermost statement that has its own; `nil` at the template's top.
    var scope: Scope?
    /// Where errors are.
    var place = Place()

    private var output: [UInt8] = []
    /// How many pieces of text are being collected that are no output yet.
    private var captures = 0
    private var depth = 0
    private var steps = 0
    private var memoryBytes = 0

    // What objects are numbers of.
    var namespaces: [JinjaDict] = []
    var macros: [Closure] = []
    var loops: [LoopState] = []
    var iterators: [[JinjaValue]] = []
    var cyclers: [(items: [JinjaValue], position: Int)] = []
    var joiners: [(separator: String, isUsed: Bool)] = []

    init(_ program: Program, limits: JinjaLimits, now: @escaping (String) -> String?) {
        self.program = program
        self.limits = limits
        self.now = now
        globals = Array(repeating: nil, count: program.names.count)
    }

    func render(_ context: [(String, JinjaValue)]) throws(JinjaError) -> String {
        for (name, value) in context {
            guard value.depth <= valueDepthMost else {
                throw failure(.limit, "values of “\(name)” hold each other more than \(valueDepthMost) deep")
            }
            if let number = program.numbers[Text(name)] { globals[number] = value }
        }
        _ = try run(program.statements)
        return String(decoding: output, as: UTF8.self)
    }

    // MARK: Variables

    func value(of name: Int) -> JinjaValue {
        var current = scope
        while let scope = current {
            if let value = scope[name] { return value }
            current = scope.parent
        }
        if let value = globals[name] { return value }
        let name = program.names[name]
        return Self.functions.contains(name) ? .object(.function(name)) : .undefined("“\(name)” is undefined")
    }

    func set(_ name: Int, to value: JinjaValue) {
        if let scope { scope[name] = value } else { globals[name] = value }
    }

    /// Carries out `body` with variables of its own inside those of `parent`.
    func inScope<Result>(
        of parent: Scope?, _ body: () throws(JinjaError) -> Result
    ) throws(JinjaError) -> Result {
        let outer = scope
        scope = Scope(parent: parent)
        defer { scope = outer }
        return try body()
    }

    // MARK: Output

    func write(_ text: String) throws(JinjaError) {
        let count = text.utf8.count
        if captures == 0 {
            guard count <= limits.outputBytesMax - output.count else {
                throw failure(.limit, "the text is longer than \(limits.outputBytesMax) bytes")
            }
            try work(count)
        } else {
            try charge(count)
        }
        output.append(contentsOf: text.utf8)
    }

    /// What `body` writes, instead of writing it.
    func capture(_ body: () throws(JinjaError) -> Void) throws(JinjaError) -> JinjaValue {
        var outer: [UInt8] = []
        swap(&outer, &output)
        captures += 1
        try body()
        captures -= 1
        swap(&outer, &output)
        try charge(outer.count)
        return .string(String(decoding: outer, as: UTF8.self))
    }

    // MARK: Limits

    func failure(_ kind: JinjaError.Kind, _ message: String) -> JinjaError {
        JinjaError(kind, message, at: place)
    }

    func failure(_ message: String) -> JinjaError { failure(.runtime, message) }

    /// Counts one step.
    func step() throws(JinjaError) {
        steps += 1
        guard steps <= limits.stepsMax else { throw tooManySteps }
    }

    /// Counts the steps for an operation that looks at so many bytes or elements.
    func work(_ count: Int) throws(JinjaError) {
        steps += count / 16
        guard steps <= limits.stepsMax else { throw tooManySteps }
    }

    private var tooManySteps: JinjaError {
        failure(.limit, "rendering takes more than \(limits.stepsMax) steps")
    }

    /// Counts bytes before they are allocated.
    func charge(_ bytes: Int) throws(JinjaError) {
        guard bytes <= limits.memoryBytesMax - memoryBytes else {
            throw failure(.limit, "values take more than \(limits.memoryBytesMax) bytes")
        }
        memoryBytes += bytes
        try work(bytes)
    }

    /// Counts a list of so many elements before it is made.
    func charge(elements count: Int) throws(JinjaError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<JinjaValue>.stride)
        // What a list takes beside its elements.
        try charge(64)
        try charge(overflow ? .max : bytes)
    }

    /// Carries out `body` one level deeper.
    func nested<Result>(_ body: () throws(JinjaError) -> Result) throws(JinjaError) -> Result {
        depth += 1
        defer { depth -= 1 }
        try step()
        guard depth <= limits.depthMax else {
            throw failure(
                .limit, "more than \(limits.depthMax) expressions and statements wait for each other")
        }
        return try body()
    }

    // MARK: Values

    /// A string that was charged before, or is one of the template's.
    func list(_ elements: [JinjaValue]) throws(JinjaError) -> JinjaValue {
        try checked(.list(JinjaList(elements)))
    }

    func tuple(_ elements: [JinjaValue]) throws(JinjaError) -> JinjaValue {
        try checked(.tuple(JinjaList(elements)))
    }

    /// `value`, if its values do not hold each other too deep.
    func checked(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
        guard value.depth <= valueDepthMost else {
            throw failure(.limit, "values hold each other more than \(valueDepthMost) deep")
        }
        return value
    }

    /// A string made just now, with its bytes charged.
    func string(_ text: String) throws(JinjaError) -> JinjaValue {
        try charge(text.utf8.count)
        return .string(text)
    }

    /// What a filter gives element by element.
    func iterator(_ elements: [JinjaValue]) throws(JinjaError) -> JinjaValue {
        try charge(elements: 1)
        iterators.append(elements)
        return .object(.iterator(iterators.count - 1))
    }
}

/// Variables of a statement.
final class Scope {
    let parent: Scope?
    private var names: [Int] = []
    private var values: [JinjaValue] = []

    init(parent: Scope?) { self.parent = parent }

    subscript(name: Int) -> JinjaValue? {
        get { names.firstIndex(of: name).map { values[$0] } }
        set {
            guard let newValue else { return }
            if let index = names.firstIndex(of: name) {
                values[index] = newValue
            } else {
                names.append(name)
                values.append(newValue)
            }
        }
    }
}

/// A macro and the variables around it.
struct Closure {
    let macro: Macro
    let scope: Scope?
}
