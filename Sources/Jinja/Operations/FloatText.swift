// SPDX-License-Identifier: MIT

extension Double {
    /// As Python prints it: the fewest digits that give the number back, with an exponent where Python has one.
    var pythonText: String {
        guard isFinite else { return isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
        let sign = self.sign == .minus ? "-" : ""
        let (digits, exponent) = magnitude.shortestDigits
        if exponent < -4 || exponent >= 16 {
            let rest = digits.count > 1 ? "." + digits.dropFirst() : ""
            let power = abs(exponent)
            return sign + digits.prefix(1) + rest + (exponent < 0 ? "e-" : "e+") + (power < 10 ? "0" : "")
                + String(power)
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        guard digits.count > exponent + 1 else {
            return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) + ".0"
        }
        return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }

    /// The digits that matter, and the power of ten of the first; of a finite number that is not negative.
    private var shortestDigits: (digits: String, exponent: Int) {
        guard self != 0 else { return ("0", 0) }
        let parts = description.split(separator: "e", maxSplits: 1)
        let power = parts.count > 1 ? Int(parts[1], radix: 10) ?? 0 : 0
        let mantissa = parts[0].split(separator: ".", maxSplits: 1)
        let whole = mantissa[0]
        let all = whole + (mantissa.count > 1 ? mantissa[1] : "")
        let leading = all.prefix { $0 == "0" }.count
        var digits = all.dropFirst(leading)
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        return (String(digits), whole.count - 1 - leading + power)
    }
}
