// SPDX-License-Identifier: MIT

/// The last values of a kind, the oldest first.
package struct Recent<Value: Sendable>: Sendable, RandomAccessCollection {
    package let countMax: Int
    private var values: [Value] = []
    /// Where the oldest stands once there are as many as may be.
    private var start = 0

    /// - Parameter countMax: one more takes the oldest's place; at least 1.
    package init(countMax: Int) {
        self.countMax = Swift.max(countMax, 1)
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { values.count }
    package subscript(position: Int) -> Value { values[(start + position) % values.count] }

    package mutating func append(_ value: Value) {
        if values.count < countMax {
            values.append(value)
        } else {
            values[start] = value
            start = (start + 1) % countMax
        }
    }

    package mutating func removeAll() { self = Self(countMax: countMax) }
}

extension Recent: Equatable where Value: Equatable {
    package static func == (one: Self, other: Self) -> Bool {
        one.countMax == other.countMax && one.elementsEqual(other)
    }
}
