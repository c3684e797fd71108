// SPDX-License-Identifier: MIT

/// Holds back what may be the beginning of a stop text.
package struct StopTextFilter {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []

    package init(_ stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
    }

    /// - Returns: text that is certainly before any stop text, and whether one has appeared.
    package mutating func append(_ text: String) -> (text: String, isStopped: Bool) {
        if stops.isEmpty { return (text, false) }
        held += Array(text.utf8)
        for start in held.indices {
            let tail = held[start...]
            if stops.contains(where: { tail.starts(with: $0) }) {
                defer { held = [] }
                return (String(decoding: held[..<start], as: UTF8.self), true)
            }
            if stops.contains(where: { $0.starts(with: tail) }) {
                defer { held = Array(tail) }
                return (String(decoding: held[..<start], as: UTF8.self), false)
            }
        }
        defer { held = [] }
        return (String(decoding: held, as: UTF8.self), false)
    }

    /// What was held back for nothing.
    package mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
