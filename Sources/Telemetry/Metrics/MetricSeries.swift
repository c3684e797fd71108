// SPDX-License-Identifier: MIT
import CoreMetrics
import Synchronization

/// One metric with one set of labels.
protocol MetricSeries: AnyObject, Sendable {
    /// The lines of the series; `labels` are those between the braces.
    func write(name: String, labels: String, to text: inout String)
}

/// A number that many threads change at once.
struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}

/// What only rises: amounts that are negative or no number count for nothing.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    private let total = AtomicDouble()

    func increment(by amount: Int64) {
        increment(by: Double(amount))
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        total.add(amount)
    }

    func reset() {
        total.set(0)
    }

    func write(name: String, labels: String, to text: inout String) {
        text.writeSample(name, labels, total.value)
    }
}

/// What rises and falls.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let current = AtomicDouble()

    var value: Double { current.value }

    func set(_ value: Int64) { current.set(Double(value)) }
    func set(_ value: Double) { current.set(value) }
    func increment(by amount: Double) { current.add(amount) }
    func decrement(by amount: Double) { current.add(-amount) }
    func record(_ value: Int64) { current.set(Double(value)) }
    func record(_ value: Double) { current.set(value) }

    func write(name: String, labels: String, to text: inout String) {
        text.writeSample(name, labels, current.value)
    }
}

/// Observations by size; those that are no finite number count for nothing, as one would spoil the sum for good.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    private struct State {
        /// One for each bucket, and one for what is larger than all; not cumulative.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: [UInt64](repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(max(duration, 0)) / 1e9)
    }

    func write(name: String, labels: String, to text: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        let before = labels.isEmpty ? "" : labels + ","
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], counts) {
            total += count
            text.writeSample(
                name + "_bucket", "\(before)le=\"\(PrometheusText.number(bound))\"", Double(total))
        }
        text.writeSample(name + "_sum", labels, sum)
        text.writeSample(name + "_count", labels, Double(total))
    }
}

extension String {
    fileprivate mutating func writeSample(_ name: String, _ labels: String, _ value: Double) {
        self += name
        if !labels.isEmpty { self += "{\(labels)}" }
        self += " \(PrometheusText.number(value))\n"
    }
}
