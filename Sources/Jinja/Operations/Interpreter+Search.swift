// SPDX-License-Identifier: MIT

extension Interpreter {
    /// Where a text is in another, in bytes: places that do not overlap, from the front.
    ///
    /// Takes time in proportion to both (Knuth, Morris and Pratt), whatever they are.
    ///
    /// - Parameter overlapping: whether places may overlap.
    func matches(
        of part: String, in text: String, atMost countMax: Int = .max, overlapping: Bool = false
    ) throws(JinjaError) -> [Int] {
        let part = Array(part.utf8)
        guard !part.isEmpty else { return countMax > 0 ? [0] : [] }
        // The table of the part, and the copies of both.
        try charge(text.utf8.count)
        let (table, overflow) = part.count.multipliedReportingOverflow(by: 9)
        try charge(overflow ? .max : table)
        return try matches(of: part, in: Array(text.utf8), countMax, overlapping)
    }

    private func matches(
        of part: [UInt8], in text: [UInt8], _ countMax: Int, _ overlapping: Bool
    ) throws(JinjaError) -> [Int] {
        var borders = Array(repeating: 0, count: part.count)
        var length = 0
        for index in part.indices.dropFirst() {
            while length > 0, part[index] != part[length] { length = borders[length - 1] }
            if part[index] == part[length] { length += 1 }
            borders[index] = length
        }
        var places: [Int] = []
        length = 0
        for index in text.indices {
            guard places.count < countMax else { break }
            while length > 0, text[index] != part[length] { length = borders[length - 1] }
            if text[index] == part[length] { length += 1 }
            guard length == part.count else { continue }
            try charge(8)
            places.append(index + 1 - length)
            length = overlapping ? borders[length - 1] : 0
        }
        return places
    }

    /// The pieces of a text between separators, the last ones joined if there are too many.
    func pieces(
        of text: String, between separator: String, atMost splitsMax: Int, fromEnd: Bool
    ) throws(JinjaError) -> [String] {
        guard !separator.isEmpty else { throw failure("an empty separator") }
        var places: [Int]
        if fromEnd, splitsMax < .max {
            let length = text.utf8.count - separator.utf8.count
            places = try matches(
                of: Array(separator.utf8.reversed()), in: Array(text.utf8.reversed()), splitsMax, false)
            places = places.reversed().map { length - $0 }
        } else {
            places = try matches(of: separator, in: text, atMost: splitsMax)
        }
        try charge(text.utf8.count)
        try charge(elements: places.count)
        let bytes = text.utf8
        var pieces: [String] = []
        var start = bytes.startIndex
        var offset = 0
        for place in places {
            let end = bytes.index(start, offsetBy: place - offset)
            pieces.append(String(text[start..<end]))
            start = bytes.index(end, offsetBy: separator.utf8.count)
            offset = place + separator.utf8.count
        }
        pieces.append(String(text[start...]))
        return pieces
    }

    /// The words between white space.
    func words(
        of text: String, atMost splitsMax: Int, fromEnd: Bool
    ) throws(JinjaError) -> [String] {
        try charge(5 * text.utf8.count)
        var scalars = Array(text.unicodeScalars)
        if fromEnd { scalars.reverse() }
        var words: [[Unicode.Scalar]] = []
        var index = 0
        while true {
            while index < scalars.count, scalars[index].isPythonSpace { index += 1 }
            guard index < scalars.count else { break }
            try charge(elements: 2)
            let start = index
            if words.count == splitsMax {
                words.append(Array(scalars[start...]))
                break
            }
            while index < scalars.count, !scalars[index].isPythonSpace { index += 1 }
            words.append(Array(scalars[start..<index]))
        }
        guard fromEnd else { return words.map { String(scalars: $0) } }
        return words.reversed().map { String(scalars: $0.reversed()) }
    }

    func replace(
        _ part: String, in text: String, by other: String, atMost countMax: Int
    ) throws(JinjaError) -> String {
        guard !part.isEmpty else { return try spread(other, through: text, atMost: countMax) }
        let places = try matches(of: part, in: text, atMost: countMax)
        let (growth, overflow) = places.count.multipliedReportingOverflow(by: other.utf8.count)
        try charge(overflow ? .max : growth)
        try charge(text.utf8.count)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var start = 0
        for place in places {
            result += bytes[start..<place]
            result += other.utf8
            start = place + part.utf8.count
        }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    /// What replacing nothing does: `other` before, between and behind the scalars.
    private func spread(
        _ other: String, through text: String, atMost countMax: Int
    ) throws(JinjaError) -> String {
        let scalars = text.unicodeScalars
        try work(text.utf8.count)
        let (growth, overflow) = min(scalars.count + 1, countMax)
            .multipliedReportingOverflow(by: other.utf8.count)
        try charge(overflow ? .max : growth)
        try charge(text.utf8.count)
        var result = ""
        var count = 0
        for scalar in scalars {
            if count < countMax { result += other }
            count += 1
            result.unicodeScalars.append(scalar)
        }
        if count < countMax { result += other }
        return result
    }

    /// The text without the scalars at its ends that `isLoose` names.
    func stripped(
        _ text: String, atStart: Bool = true, atEnd: Bool = true, _ isLoose: (Unicode.Scalar) -> Bool
    ) throws(JinjaError) -> String {
        try charge(text.utf8.count)
        let scalars = text.unicodeScalars
        var (start, end) = (scalars.startIndex, scalars.endIndex)
        if atStart {
            while start < end, isLoose(scalars[start]) { start = scalars.index(after: start) }
        }
        if atEnd {
            while start < end {
                let before = scalars.index(before: end)
                guard isLoose(scalars[before]) else { break }
                end = before
            }
        }
        return String(text[start..<end])
    }

    /// Python's `splitlines`.
    func lines(of text: String, keepEnds: Bool = false) throws(JinjaError) -> [String] {
        try charge(2 * text.utf8.count)
        let scalars = text.unicodeScalars
        var lines: [String] = []
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            let scalar = scalars[index]
            var next = scalars.index(after: index)
            if scalar.endsLine {
                if scalar == "\r", next < scalars.endIndex, scalars[next] == "\n" {
                    next = scalars.index(after: next)
                }
                try charge(elements: 1)
                lines.append(String(scalars[start..<(keepEnds ? next : index)]))
                start = next
            }
            index = next
        }
        if start < scalars.endIndex { lines.append(String(scalars[start...])) }
        return lines
    }
}
