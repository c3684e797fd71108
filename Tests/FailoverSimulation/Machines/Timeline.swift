// SPDX-License-Identifier: MIT

/// Virtual time, and what is to happen in it.
///
/// Nothing waits: the next event is due as soon as the one before it is over. What is due at the same time happens in the
/// order in which it was asked for, so that a seed is one history.
final class Timeline {
    private struct Event {
        let micros: Int64
        let number: UInt64
        let body: () -> Void

        func isBefore(_ other: Event) -> Bool {
            micros == other.micros ? number < other.number : micros < other.micros
        }
    }

    private let start = ContinuousClock.now
    /// Since the beginning.
    private(set) var micros: Int64 = 0
    /// What clocks show.
    private(set) var now: ContinuousClock.Instant
    /// Events so far.
    private(set) var number: UInt64 = 0
    /// A heap, the next event first.
    private var events: [Event] = []

    init() { now = start }

    var time: Duration { .microseconds(micros) }

    func after(_ delay: Duration, _ body: @escaping () -> Void) { at(micros + delay.micros, body) }

    /// - Parameter micros: since the beginning, not before now.
    func at(_ micros: Int64, _ body: @escaping () -> Void) {
        number += 1
        events.append(Event(micros: micros, number: number, body: body))
        var index = events.count - 1
        while index > 0, events[index].isBefore(events[(index - 1) / 2]) {
            events.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Lets the next event happen.
    ///
    /// - Returns: `false` if there is none.
    func step() -> Bool {
        guard let next = events.first else { return false }
        let last = events.removeLast()
        if !events.isEmpty {
            events[0] = last
            sink()
        }
        if next.micros > micros {
            micros = next.micros
            now = start.advanced(by: time)
        }
        next.body()
        return true
    }

    private func sink() {
        var index = 0
        while true {
            var first = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < events.count && events[child].isBefore(events[first]) { first = child }
            guard first != index else { return }
            events.swapAt(first, index)
            index = first
        }
    }

    /// Forgets what is to happen, and who would do it.
    func end() { events = [] }
}

extension Duration {
    var micros: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
