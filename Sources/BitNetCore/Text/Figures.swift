// SPDX-License-Identifier: MIT

extension Double {
    /// Fixed-point text with `places` digits after the point.
    package func text(places: Int) -> String {
        let scale = (0..<places).reduce(1.0) { product, _ in product * 10 }
        // Past 15 digits the last ones are made up.
        guard isFinite, abs(self) < 1e15, let units = Int64(exactly: (abs(self) * scale).rounded()) else {
            return "–"
        }
        let sign = self < 0 && units > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(units)" }
        let fraction = String(units % Int64(clamping: scale))
        let zeros = String(repeating: "0", count: max(places - fraction.count, 0))
        return "\(sign)\(units / Int64(clamping: scale)).\(zeros)\(fraction)"
    }
}

extension Double {
    /// Three digits, for people; of a number below 1,000 and not negative.
    package var threeDigits: String {
        guard isFinite, self < 1e9 else { return "–" }
        return text(places: self < 10 ? 2 : self < 100 ? 1 : 0)
    }
}

extension Duration {
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// For people: `45s`, `12m05s`, `3h12m`, `4d03h`.
    package var span: String {
        let whole = max(components.seconds, 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return switch whole {
        case ..<60: "\(whole)s"
        case ..<3600: "\(whole / 60)m\(two(whole % 60))s"
        case ..<86_400: "\(whole / 3600)h\(two(whole % 3600 / 60))m"
        default: "\(whole / 86_400)d\(two(whole % 86_400 / 3600))h"
        }
    }
}
