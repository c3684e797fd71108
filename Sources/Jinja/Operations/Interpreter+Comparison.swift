// SPDX-License-Identifier: MIT

extension Interpreter {
    func compare(
        _ left: JinjaValue, _ operation: Comparison, _ right: JinjaValue
    ) throws(JinjaError) -> Bool {
        try step()
        switch operation {
        case .equal: return try equal(left, right)
        case .notEqual: return try !equal(left, right)
        case .isIn: return try contains(right, left)
        case .isNotIn: return try !contains(right, left)
        case .less, .atMost, .more, .atLeast:
            guard let order = try order(left, right, operation) else { return false }
            switch operation {
            case .less: return order < 0
            case .atMost: return order <= 0
            case .more: return order > 0
            default: return order >= 0
            }
        }
    }

    /// Values of different types are different; only numbers of all types, and truth values, compare.
    func equal(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> Bool {
        switch (left, right) {
        case (.undefined, .undefined), (.null, .null): return true
        case (.string(let left), .string(let right)):
            try work(min(left.utf8.count, right.utf8.count))
            return left.hasBytes(of: right)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            return try equal(left.elements, right.elements)
        case (.dict(let left), .dict(let right)): return try equal(left, right)
        case (.object(let left), .object(let right)): return try equal(left, right)
        default:
            guard let left = left.number, let right = right.number else { return false }
            return left.order(right) == 0
        }
    }

    func equal(_ left: [JinjaValue], _ right: [JinjaValue]) throws(JinjaError) -> Bool {
        guard left.count == right.count else { return false }
        for (left, right) in zip(left, right) {
            try step()
            guard try equal(left, right) else { return false }
        }
        return true
    }

    private func equal(_ left: JinjaDict, _ right: JinjaDict) throws(JinjaError) -> Bool {
        guard left.count == right.count else { return false }
        for (key, value) in left.entries {
            try step()
            guard let other = right.value(of: try self.key(key)), try equal(value, other) else {
                return false
            }
        }
        return true
    }

    private func equal(_ left: JinjaObject, _ right: JinjaObject) throws(JinjaError) -> Bool {
        switch (left, right) {
        case (.range(let left), .range(let right)):
            return left.count == right.count
                && (left.count == 0
                    || left.start == right.start && (left.count == 1 || left.step == right.step))
        case (.namespace(let left), .namespace(let right)), (.macro(let left), .macro(let right)),
            (.loop(let left), .loop(let right)), (.iterator(let left), .iterator(let right)),
            (.cycler(let left), .cycler(let right)), (.joiner(let left), .joiner(let right)):
            return left == right
        case (.function(let left), .function(let right)): return left == right
        case (.view(let kind, let left), .view(let other, let right)):
            guard kind == other, kind != .values else { return false }
            return try equal(left, right)
        case (.method(let receiver, let left), .method(let other, let right)):
            guard left == right else { return false }
            return try equal(receiver, other)
        default: return false
        }
    }

    /// Less than, equal to or more than 0; `nil` for numbers that are none.
    func order(
        _ left: JinjaValue, _ right: JinjaValue, _ operation: Comparison = .less
    ) throws(JinjaError) -> Int? {
        switch (left, right) {
        case (.undefined(let reason), _), (_, .undefined(let reason)): throw failure(reason)
        case (.string(let left), .string(let right)):
            try work(min(left.utf8.count, right.utf8.count))
            return left.hasBytes(of: right) ? 0 : left.precedes(right) ? -1 : 1
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (left, right) in zip(left.elements, right.elements) {
                try step()
                if try !equal(left, right) { return try order(left, right, operation) }
            }
            return left.elements.count - right.elements.count
        default:
            guard let first = left.number, let second = right.number else {
                throw failure(
                    "“\(operation.rawValue)” does not compare values of types “\(left.typeName)” and "
                        + "“\(right.typeName)”")
            }
            return first.order(second)
        }
    }

    /// The elements in order; equal ones stay in theirs, also if `reverse` is set.
    ///
    /// - Parameter keys: what is compared, one for each element.
    func sorted(
        _ elements: [JinjaValue], by keys: [JinjaValue], reverse: Bool
    ) throws(JinjaError) -> [JinjaValue] {
        try charge(elements: 2 * elements.count)
        var indices = Array(elements.indices)
        if reverse { indices.reverse() }
        var merged = indices
        var width = 1
        while width < indices.count {
            for start in stride(from: 0, to: indices.count, by: 2 * width) {
                let (middle, end) = (min(start + width, indices.count), min(start + 2 * width, indices.count))
                var (left, right) = (start, middle)
                for place in start..<end {
                    try step()
                    var takesRight = left == middle
                    if !takesRight, right < end,
                        let order = try order(keys[indices[right]], keys[indices[left]])
                    {
                        takesRight = order < 0
                    }
                    merged[place] = indices[takesRight ? right : left]
                    if takesRight { right += 1 } else { left += 1 }
                }
            }
            swap(&indices, &merged)
            width *= 2
        }
        if reverse { indices.reverse() }
        return indices.map { elements[$0] }
    }
}

/// A number of one of Python's types.
enum Number {
    case int(Int)
    case float(Double)

    var double: Double {
        switch self {
        case .int(let int): Double(int)
        case .float(let float): float
        }
    }

    /// Less than, equal to or more than 0, exactly; `nil` if one is none.
    func order(_ other: Number) -> Int? {
        switch (self, other) {
        case (.int(let left), .int(let right)): return left == right ? 0 : left < right ? -1 : 1
        case (.float(let left), .float(let right)):
            guard !left.isNaN, !right.isNaN else { return nil }
            return left == right ? 0 : left < right ? -1 : 1
        case (.float, .int): return other.order(self).map { -$0 }
        case (.int(let left), .float(let right)):
            guard !right.isNaN else { return nil }
            guard let whole = Int(exactly: right.rounded(.down)) else { return right < 0 ? 1 : -1 }
            if left != whole { return left < whole ? -1 : 1 }
            return right == right.rounded(.down) ? 0 : -1
        }
    }
}

extension JinjaValue {
    /// Truth values are numbers too.
    var number: Number? {
        switch self {
        case .bool(let bool): .int(bool ? 1 : 0)
        case .int(let int): .int(int)
        case .float(let float): .float(float)
        default: nil
        }
    }
}
