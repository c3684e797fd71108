// SPDX-License-Identifier: MIT
import BitNetCore

/// Shares and histories as rows of characters.
enum Bars {
    private static let levels = Array("▁▂▃▄▅▆▇█")

    /// `share` of `columns` characters filled; spaces if it is unknown.
    static func share(_ share: Double?, columns: Int) -> String {
        guard let share, share.isFinite else { return String(repeating: " ", count: columns) }
        let filled = Int(clamping: (min(max(share, 0), 1) * Double(columns)).rounded())
        return String(repeating: "█", count: filled) + String(repeating: "·", count: columns - filled)
    }

    /// The last values, a character each, against the largest of them or `top`; a space where there is none.
    static func history(_ values: [Double?], top: Double? = nil, columns: Int) -> String {
        let shown = values.suffix(max(columns, 0)).map { $0.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil } }
        let highest = shown.reduce(top.flatMap { $0.isFinite ? $0 : nil } ?? 0) { max($0, $1 ?? 0) }
        let padding = String(repeating: " ", count: max(columns, 0) - shown.count)
        return padding
            + shown.map { value -> String in
                guard let value else { return " " }
                guard highest > 0 else { return String(levels[0]) }
                let level = Int(clamping: (value / highest * Double(levels.count - 1)).rounded())
                return String(levels[min(max(level, 0), levels.count - 1)])
            }.joined()
    }
}
