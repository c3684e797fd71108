// SPDX-License-Identifier: MIT

extension Interpreter {
    func dictMethod(
        _ name: String, of dict: JinjaDict, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        if name == "get" {
            let values = try bind(arguments, to: ["key", "default"], required: 1, of: "dict.get")
            return dict.value(of: try key(values[0] ?? .null)) ?? values[1] ?? JinjaValue.null
        }
        guard let view = JinjaObject.View(rawValue: name) else {
            guard name == "copy" else { throw failure("the method “dict.\(name)” is not supported") }
            return .dict(dict)
        }
        _ = try bind(arguments, to: [], of: "dict.\(name)")
        return try checked(.object(.view(view, dict)))
    }

    func listMethod(
        _ name: String, of elements: [JinjaValue], _ list: JinjaValue, _ arguments: Arguments
    ) throws(JinjaError) -> JinjaValue {
        switch name {
        case "copy": return list
        case "count":
            let values = try bind(arguments, to: ["value"], required: 1, of: "count")
            var count = 0
            for element in elements where try equal(element, values[0] ?? .null) { count += 1 }
            return .int(count)
        default:
            let values = try bind(arguments, to: ["value", "start", "stop"], required: 1, of: "index")
            let start = bound(try integer(values[1], or: 0, "the start of index"), elements.count)
            let stop = bound(
                try integer(values[2], or: elements.count, "the stop of index"), elements.count)
            guard start < stop else { throw failure("the value is not in the list") }
            for index in start..<stop where try equal(elements[index], values[0] ?? .null) {
                return .int(index)
            }
            throw failure("the value is not in the list")
        }
    }

    /// A place in a sequence, as the bound of a slice has it.
    func bound(_ index: Int, _ count: Int) -> Int {
        index < 0 ? max(index + count, 0) : min(index, count)
    }
}
