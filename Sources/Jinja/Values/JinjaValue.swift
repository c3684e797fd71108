// SPDX-License-Identifier: MIT

/// A value of a template's language, which is Python's.
package enum JinjaValue: Sendable {
    /// No value, and why; prints as nothing.
    case undefined(String)
    case null
    case bool(Bool)
    case int(Int)
    case float(Double)
    /// A sequence of Unicode scalars: two are the same if their bytes are.
    case string(String)
    case list(JinjaList)
    case tuple(JinjaList)
    case dict(JinjaDict)
    /// What only a rendering makes: functions, loops, namespaces.
    case object(JinjaObject)

    /// A list.
    package init(_ elements: [JinjaValue]) {
        self = .list(JinjaList(elements))
    }

    /// A dictionary; of two equal keys, the last value counts.
    package init(_ entries: [(String, JinjaValue)]) {
        self = .dict(JinjaDict(entries))
    }

    /// The name that Python has for the type.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .null: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dict: "dict"
        case .object(let object): object.typeName
        }
    }

    /// How many values hold each other, this one counted.
    var depth: Int {
        switch self {
        case .list(let list), .tuple(let list): list.depth
        case .dict(let dict): dict.depth
        case .object(.method(let receiver, _)): receiver.depth + 1
        case .object(.view(_, let dict)): dict.depth + 1
        default: 1
        }
    }
}

extension JinjaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .float(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JinjaValue...) { self.init(elements) }
    package init(dictionaryLiteral elements: (String, JinjaValue)...) { self.init(elements) }
}

/// The elements of a list or a tuple.
package struct JinjaList: Sendable {
    package let elements: [JinjaValue]
    let depth: Int

    package init(_ elements: [JinjaValue]) {
        self.elements = elements
        depth = 1 + (elements.lazy.map(\.depth).max() ?? 0)
    }
}

/// What only a rendering makes; numbers are indices into the rendering's tables.
///
/// Numbers and no references: objects can hold each other in a circle, and go with the rendering all the same.
package indirect enum JinjaObject: Sendable {
    package enum View: String, Sendable {
        case keys
        case values
        case items
    }

    case range(JinjaRange)
    case view(View, JinjaDict)
    /// What a filter gives element by element, once.
    case iterator(Int)
    case namespace(Int)
    case macro(Int)
    case loop(Int)
    case cycler(Int)
    case joiner(Int)
    /// A function of the environment.
    case function(String)
    /// A value's method, not called yet.
    case method(JinjaValue, String)

    var typeName: String {
        switch self {
        case .range: "range"
        case .view(let view, _): "dict_\(view.rawValue)"
        case .iterator: "generator"
        case .namespace: "Namespace"
        case .macro: "Macro"
        case .loop: "LoopContext"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        case .function: "function"
        case .method: "builtin_function_or_method"
        }
    }
}

/// Whole numbers at the same distance from each other.
package struct JinjaRange: Equatable, Sendable {
    let start: Int
    let stop: Int
    /// Not 0.
    let step: Int
    let count: Int

    /// `nil` if the count does not fit, or the step is 0.
    init?(start: Int, stop: Int, step: Int) {
        guard step != 0 else { return nil }
        self.start = start
        self.stop = stop
        self.step = step
        guard step > 0 ? start < stop : start > stop else {
            count = 0
            return
        }
        let (low, high) = step > 0 ? (start, stop) : (stop, start)
        let (distance, overflow) = high.subtractingReportingOverflow(low)
        guard !overflow, let width = Int(exactly: step.magnitude) else { return nil }
        count = (distance - 1) / width + 1
    }

    /// - Precondition: `index` is less than the count.
    subscript(index: Int) -> Int { start &+ index &* step }

    /// The numbers at `indices`; `nil` if the bounds do not fit.
    func slice(_ indices: JinjaRange) -> JinjaRange? {
        let (width, isTooWide) = indices.step.multipliedReportingOverflow(by: step)
        guard !isTooWide, let start = bound(indices.start), let stop = bound(indices.stop) else { return nil }
        return JinjaRange(start: start, stop: stop, step: width)
    }

    private func bound(_ index: Int) -> Int? {
        let (distance, isTooFar) = index.multipliedReportingOverflow(by: step)
        let (bound, overflow) = start.addingReportingOverflow(distance)
        return isTooFar || overflow ? nil : bound
    }
}
