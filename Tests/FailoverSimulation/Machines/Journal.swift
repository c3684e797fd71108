// SPDX-License-Identifier: MIT

/// What has happened, and the first promise that was not kept.
final class Journal {
    let timeline: Timeline
    /// Whether anybody will read it; thousands of histories are played for whose lines nobody asks.
    let isRead: Bool
    private(set) var lines: [String] = []
    private(set) var fault: String?

    init(timeline: Timeline, isRead: Bool) {
        self.timeline = timeline
        self.isRead = isRead
    }

    func note(_ text: @autoclosure () -> String) {
        guard isRead, fault == nil else { return }
        lines.append("\(stamp) \(text())")
    }

    func fail(_ text: String) {
        guard fault == nil else { return }
        note("FAULT: \(text)")
        fault = "at \(stamp): \(text)"
    }

    private var stamp: String {
        let millis = timeline.micros / 1000
        let fraction = String(millis % 1000)
        return "\(millis / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) s"
    }
}
