// SPDX-License-Identifier: MIT
import BitNetCore

/// Times of day where the operator is.
package struct ClockText: Equatable, Sendable {
    /// East of Greenwich.
    package var zoneOffsetSeconds: Int

    package init(zoneOffsetSeconds: Int) {
        self.zoneOffsetSeconds = min(max(zoneOffsetSeconds, -86_400), 86_400)
    }

    /// `11:02:13`, with the day before it if that is not the day of `now`; both in seconds since 1970.
    package func text(_ time: Double, now: Double? = nil) -> String {
        guard let seconds = local(time) else { return FigureText.unknown }
        let day = Self.day(seconds)
        let second = seconds - day * 86_400
        let clock = [second / 3600, second % 3600 / 60, second % 60].map(Self.two).joined(separator: ":")
        guard let now = now.flatMap(local), Self.day(now) != day else { return clock }
        let (month, monthDay) = Self.monthAndDay(day)
        return "\(Self.two(month))-\(Self.two(monthDay)) \(clock)"
    }

    private func local(_ time: Double) -> Int? {
        // Until the year 5138.
        guard time.isFinite, abs(time) < 1e11 else { return nil }
        return Int(clamping: time.rounded(.down)) + zoneOffsetSeconds
    }

    /// Days since 1970.
    private static func day(_ seconds: Int) -> Int {
        seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The Gregorian calendar's month and day; years are counted from March, so that leap days come last.
    private static func monthAndDay(_ day: Int) -> (month: Int, day: Int) {
        // 1970-01-01 is 719468 days after 0000-03-01; an era of 400 years has 146097 days.
        let shifted = day + 719_468
        let dayOfEra = ((shifted % 146_097) + 146_097) % 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        return (month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
    }
}
