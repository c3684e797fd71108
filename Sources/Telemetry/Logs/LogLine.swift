// SPDX-License-Identifier: MIT
import BitNetCore
package import Logging

/// One thing that is logged, and how it is written.
package struct LogLine: Equatable, Sendable {
    /// Since 1970.
    package var milliseconds: Int64
    package var level: Logger.Level
    package var label: String
    package var message: String
    /// Flattened, in the order of the keys.
    package var values: [(key: String, value: String)]

    package init(
        milliseconds: Int64, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata
    ) {
        self.milliseconds = milliseconds
        self.level = level
        self.label = label
        self.message = message
        values = Self.flattened(metadata)
    }

    package static func == (left: Self, right: Self) -> Bool { left.json == right.json }

    /// `2026-01-31T08:30:00.125Z warning bitnet-worker: message key=value`, without an end.
    package var text: String {
        var line = "\(time) \(level.rawValue) \(LogText.message(label)): \(LogText.message(message))"
        for (key, value) in values { line += " \(LogText.key(key))=\(LogText.word(value))" }
        return line
    }

    /// `{"time":…,"level":…,"label":…,"message":…,…}`, without an end.
    package var json: String {
        var line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"label\":\(LogText.quoted(label))"
        line += ",\"message\":\(LogText.quoted(message))"
        for (key, value) in values {
            // Readers take the last of two members with one name.
            let name = ["time", "level", "label", "message"].contains(key) ? "metadata." + key : key
            line += ",\(LogText.quoted(name)):\(LogText.quoted(value))"
        }
        return line + "}"
    }

    func written(as format: LogFormat) -> String {
        switch format {
        case .text: text
        case .json: json
        }
    }

    /// RFC 3339, UTC, with milliseconds.
    private var time: String {
        let (days, millisecondOfDay) = milliseconds.quotientFloored(by: 86_400_000)
        let date = Self.date(days: days)
        let second = millisecondOfDay / 1000
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(width - digits.count, 0)) + digits
        }
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T"
            + "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
            + ".\(padded(millisecondOfDay % 1000, 3))Z"
    }

    /// The civil date of a day counted from 1970-01-01; years begin in March, so that the leap day is the last.
    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientFloored(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static func flattened(_ metadata: Logger.Metadata) -> [(key: String, value: String)] {
        var values: [(key: String, value: String)] = []
        func add(_ key: String, _ value: Logger.MetadataValue, depth: Int) {
            guard values.count < Limits.logValuesMax else { return }
            switch value {
            case .string(let text): values.append((key, text))
            case .stringConvertible(let thing): values.append((key, "\(thing)"))
            case .dictionary(let members) where depth < Limits.logDepthMax:
                for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                    add("\(key).\(name)", member, depth: depth + 1)
                }
            case .array(let elements) where depth < Limits.logDepthMax:
                for (index, element) in elements.prefix(Limits.logValuesMax).enumerated() {
                    add("\(key).\(index)", element, depth: depth + 1)
                }
            case .dictionary, .array: values.append((key, "…"))
            }
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { add(key, value, depth: 1) }
        return values
    }
}

extension Int64 {
    /// Quotient and remainder, the latter never negative.
    fileprivate func quotientFloored(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
