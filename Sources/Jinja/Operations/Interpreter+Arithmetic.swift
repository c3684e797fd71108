// SPDX-License-Identifier: MIT
import Glibc

extension Interpreter {
    func compute(
        _ left: JinjaValue, _ operation: Arithmetic, _ right: JinjaValue
    ) throws(JinjaError) -> JinjaValue {
        if let first = left.number, let second = right.number {
            guard case .int(let first) = first, case .int(let second) = second else {
                return .float(try compute(first.double, operation, second.double))
            }
            return try compute(first, operation, second)
        }
        switch (left, operation, right) {
        case (.undefined(let reason), _, _), (_, _, .undefined(let reason)): throw failure(reason)
        case (.string(let left), .plus, .string(let right)):
            try charge(left.utf8.count + right.utf8.count)
            return .string(left + right)
        case (.list(let left), .plus, .list(let right)):
            try charge(elements: left.elements.count + right.elements.count)
            return .list(JinjaList(left.elements + right.elements))
        case (.tuple(let left), .plus, .tuple(let right)):
            try charge(elements: left.elements.count + right.elements.count)
            return .tuple(JinjaList(left.elements + right.elements))
        case (.string, .multiply, .int(let count)), (.list, .multiply, .int(let count)),
            (.tuple, .multiply, .int(let count)):
            return try repeated(left, count)
        case (.int(let count), .multiply, .string), (.int(let count), .multiply, .list),
            (.int(let count), .multiply, .tuple):
            return try repeated(right, count)
        case (.string(let format), .modulo, _): return try formatted(format, right)
        default:
            throw failure(
                "“\(operation.rawValue)” does not take values of types “\(left.typeName)” and "
                    + "“\(right.typeName)”")
        }
    }

    private func repeated(_ value: JinjaValue, _ count: Int) throws(JinjaError) -> JinjaValue {
        let count = max(count, 0)
        switch value {
        case .string(let string):
            let (bytes, overflow) = string.utf8.count.multipliedReportingOverflow(by: count)
            try charge(overflow ? .max : bytes)
            return .string(string.isEmpty ? "" : String(repeating: string, count: count))
        case .list(let list): return .list(JinjaList(try repeated(list.elements, count)))
        case .tuple(let list): return .tuple(JinjaList(try repeated(list.elements, count)))
        default: return value
        }
    }

    private func repeated(_ elements: [JinjaValue], _ count: Int) throws(JinjaError) -> [JinjaValue] {
        let (total, overflow) = elements.count.multipliedReportingOverflow(by: count)
        guard !overflow, total < 1 << 48 else { throw failure(.limit, "a list is too long") }
        try charge(elements: total)
        var result: [JinjaValue] = []
        result.reserveCapacity(total)
        if !elements.isEmpty { for _ in 0..<count { result += elements } }
        return result
    }

    // MARK: Numbers

    private func compute(
        _ left: Int, _ operation: Arithmetic, _ right: Int
    ) throws(JinjaError) -> JinjaValue {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .plus: result = left.addingReportingOverflow(right)
        case .minus: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide: return .float(try compute(Double(left), operation, Double(right)))
        case .floorDivide:
            guard right != 0 else { throw failure("division by zero") }
            let (quotient, overflow) = left.dividedReportingOverflow(by: right)
            let isRoundedUp = !overflow && quotient &* right != left && (left < 0) != (right < 0)
            result = (isRoundedUp ? quotient - 1 : quotient, overflow)
        case .modulo:
            guard right != 0 else { throw failure("division by zero") }
            let rest = left.remainderReportingOverflow(dividingBy: right).partialValue
            result = (rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest, false)
        case .power:
            guard right >= 0 else { return .float(try compute(Double(left), operation, Double(right))) }
            result = Self.power(left, right)
        }
        guard !result.overflow else { throw failure("a whole number of more than 64 bits") }
        return .int(result.partialValue)
    }

    private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        var (result, base, exponent) = (1, base, exponent)
        while exponent > 0 {
            if exponent & 1 == 1 {
                let product = result.multipliedReportingOverflow(by: base)
                guard !product.overflow else { return product }
                result = product.partialValue
            }
            exponent >>= 1
            guard exponent > 0 else { break }
            let square = base.multipliedReportingOverflow(by: base)
            guard !square.overflow else { return square }
            base = square.partialValue
        }
        return (result, false)
    }

    private func compute(
        _ left: Double, _ operation: Arithmetic, _ right: Double
    ) throws(JinjaError) -> Double {
        switch operation {
        case .plus: return left + right
        case .minus: return left - right
        case .multiply: return left * right
        case .divide, .floorDivide, .modulo:
            guard right != 0 else { throw failure("division by zero") }
            if operation == .divide { return left / right }
            let rest = Self.modulo(left, right)
            if operation == .modulo { return rest }
            // As Python rounds: the quotient of what the rest leaves is nearly whole.
            let quotient = (left - rest) / right
            guard quotient != 0 else { return left / right < 0 ? -0.0 : 0 }
            let floor = quotient.rounded(.down)
            return quotient - floor > 0.5 ? floor + 1 : floor
        case .power:
            if left == 0, right < 0 { throw failure("0 has no negative power") }
            if left < 0, left.isFinite, right.isFinite, right != right.rounded() {
                throw failure("a power that is no real number")
            }
            let result = pow(left, right)
            guard !result.isInfinite || left.isInfinite || right.isInfinite else {
                throw failure("a power that is too large")
            }
            return result
        }
    }

    /// The rest has the sign of the divisor.
    private static func modulo(_ left: Double, _ right: Double) -> Double {
        let rest = left.truncatingRemainder(dividingBy: right)
        guard rest != 0 else { return right < 0 ? -0.0 : 0 }
        return (rest < 0) != (right < 0) ? rest + right : rest
    }

    func signed(_ value: JinjaValue, isMinus: Bool) throws(JinjaError) -> JinjaValue {
        switch (value, value.number) {
        case (.undefined(let reason), _): throw failure(reason)
        case (_, .int(let int)): return isMinus ? try compute(0, .minus, int) : .int(int)
        case (_, .float(let float)): return .float(isMinus ? -float : float)
        default: throw failure("a value of type “\(value.typeName)” has no sign")
        }
    }
}
