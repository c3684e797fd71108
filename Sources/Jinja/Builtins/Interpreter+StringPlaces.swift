// SPDX-License-Identifier: MIT

extension Interpreter {
    /// `find` and its relatives, whose places are counted in scalars.
    func find(_ name: String, in text: String, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["sub", "start", "end"], required: 1, of: name)
        let part = try string(values[0], "what is searched")
        let (range, offset) = try bounds(of: text, values[1], values[2])
        let found = try range.map { range throws(JinjaError) in
            try places(of: part, in: range, name)
        }
        switch name {
        case "count": return .int(found?.count ?? 0)
        default:
            let place = name.hasPrefix("r") ? found?.last : found?.first
            if let place { return .int(offset + place) }
            guard name.hasSuffix("find") else { throw failure("“\(name)” finds no such text") }
            return -1
        }
    }

    /// The part of a text between two bounds, and how many scalars are before it; no text if they cross.
    private func bounds(
        of text: String, _ start: JinjaValue?, _ end: JinjaValue?
    ) throws(JinjaError) -> (text: String?, offset: Int) {
        guard start != nil || end != nil else { return (text, 0) }
        try charge(5 * text.utf8.count)
        let scalars = text.unicodeScalars
        let count = scalars.count
        let first = try integer(start.flatMap { isNone($0) ? nil : $0 }, or: 0, "the start of a search")
        let last = try integer(end.flatMap { isNone($0) ? nil : $0 }, or: count, "the end of a search")
        guard first <= count, bound(first, count) <= bound(last, count) else { return (nil, 0) }
        let part = scalars.dropFirst(bound(first, count)).prefix(bound(last, count) - bound(first, count))
        return (String(part), bound(first, count))
    }

    func isNone(_ value: JinjaValue) -> Bool {
        if case .null = value { return true }
        return false
    }

    /// Places in scalars: all, or the first or last one, which is all that is asked for.
    private func places(of part: String, in text: String, _ name: String) throws(JinjaError) -> [Int] {
        try work(text.utf8.count)
        guard !part.isEmpty else {
            let count = text.unicodeScalars.count
            try charge(8 * (count + 1))
            return name == "count" ? Array(0...count) : name.hasPrefix("r") ? [count] : [0]
        }
        let isFirst = name == "find" || name == "index"
        let bytes = try matches(
            of: part, in: text, atMost: isFirst ? 1 : .max, overlapping: name.hasPrefix("r"))
        guard name != "count", let place = isFirst ? bytes.first : bytes.last else { return bytes }
        let end = text.utf8.index(text.utf8.startIndex, offsetBy: place)
        return [text.unicodeScalars[..<end].count]
    }

    func fill(_ text: String, _ name: String, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let names = name == "zfill" ? ["width"] : ["width", "fillchar"]
        let values = try bind(arguments, to: names, required: 1, of: name)
        let width = try integer(values[0], or: 0, "a width")
        var filling = name == "zfill" ? "0" : " "
        if values.count > 1, let value = values[1] { filling = try string(value, "a filling") }
        guard filling.unicodeScalars.count == 1 else { throw failure("a filling is one character") }
        try work(text.utf8.count)
        let count = text.unicodeScalars.count
        let (missing, isTooWide) = width.subtractingReportingOverflow(count)
        guard width > count else { return .string(text) }
        let (bytes, overflow) = missing.multipliedReportingOverflow(by: filling.utf8.count)
        try charge(isTooWide || overflow ? .max : bytes)
        try charge(text.utf8.count)
        // Python puts the odd one to the left where the width is odd.
        let left = name == "ljust" ? 0 : name == "center" ? missing / 2 + (missing & width & 1) : missing
        let before = String(repeating: filling, count: left)
        let behind = String(repeating: filling, count: missing - left)
        if name == "zfill", let sign = text.utf8.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
        {
            return .string(
                String(text.unicodeScalars.prefix(1)) + before + String(text.unicodeScalars.dropFirst()))
        }
        return .string(before + text + behind)
    }

    func partition(_ text: String, _ name: String, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        let values = try bind(arguments, to: ["sep"], required: 1, of: name)
        let separator = try string(values[0], "a separator")
        let isLast = name == "rpartition"
        let parts = try pieces(of: text, between: separator, atMost: 1, fromEnd: isLast)
        guard parts.count > 1 else {
            return try tuple(isLast ? ["", "", .string(text)] : [.string(text), "", ""])
        }
        return try tuple([.string(parts[0]), .string(separator), .string(parts[1])])
    }
}
