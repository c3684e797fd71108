// SPDX-License-Identifier: MIT
import BitNetCore

/// Figures from documents as people read them; what is unknown, negative or not a number is a dash.
enum FigureText {
    static let unknown = "–"
    private static let suffixes = ["k", "M", "G", "T", "P", "E"]

    /// Three significant digits, `k`, `M`, … from 100000 on.
    static func significant(_ value: Double?) -> String {
        guard var value, value.isFinite, value >= 0 else { return unknown }
        guard value >= 100_000 else {
            return value.text(places: value == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
        }
        for suffix in suffixes {
            value /= 1000
            if value < 999.5 { return value.text(places: value < 99.95 ? 1 : 0) + suffix }
        }
        return unknown
    }

    /// The nearest whole number.
    static func whole(_ value: Double) -> String {
        value.isFinite && (0..<99_999.5).contains(value) ? value.text(places: 0) : significant(value)
    }

    /// A share of one as per cent; a little past the ends counts as the end.
    static func share(_ value: Double?) -> String {
        guard let value, value.isFinite else { return unknown }
        return (min(max(value, 0), 1) * 100).text(places: 0) + "%"
    }

    /// Bytes in GiB, without the unit.
    static func gibibytes(_ bytes: UInt64?) -> String {
        guard let bytes else { return unknown }
        let value = Double(bytes) / Double(1 << 30)
        return value > 0 && value < 0.095
            ? value.text(places: 2) : value < 999.95 ? value.text(places: 1) : significant(value)
    }

    /// `used/limit`, or a dash if neither is known.
    static func pair(_ used: String, _ limit: String) -> String {
        used == unknown && limit == unknown ? unknown : "\(used)/\(limit)"
    }

    /// Two times that share a unit: `92/120 ms`, `1.9/4.2 s`.
    static func milliseconds(_ median: Double?, _ high: Double?) -> String {
        let largest = max(median ?? 0, high ?? 0)
        guard largest.isFinite, largest >= 1000 else {
            return pair(significant(median), significant(high)) + " ms"
        }
        return pair(significant(median.map { $0 / 1000 }), significant(high.map { $0 / 1000 })) + " s"
    }

    static func count(_ value: some BinaryInteger) -> String {
        value < 0 ? unknown : value < 100_000 ? "\(value)" : significant(Double(value))
    }

    /// A length of time: `45s`, `12m05s`, `3h12m`, `4d03h`.
    static func span(seconds: Double?) -> String {
        guard let seconds, seconds.isFinite, (0..<1e11).contains(seconds) else { return unknown }
        return Duration.seconds(Int(clamping: seconds)).span
    }
}
