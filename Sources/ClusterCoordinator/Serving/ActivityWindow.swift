// SPDX-License-Identifier: MIT
package import BitNetCore

/// Rates of the last seconds, from sums that only grow.
package struct ActivityWindow: Sendable {
    /// All that was done by a moment.
    package struct Sample: Sendable {
        /// Since any fixed moment.
        package var seconds: Double
        package var stages: [StageCounters]
        package var generatedTokenCount: UInt64
        /// Tokens that went into the pipeline, prompts and decoding together.
        package var enteredTokenCount: UInt64
        /// Requests begun so far.
        package var startedCount: UInt64
        /// Sequences that have a slot.
        package var runningCount: Int
        /// Processor time of each stage's worker; `nil` if it is not known.
        package var processorMicros: [UInt64?]

        package init(
            seconds: Double, stages: [StageCounters] = [], generatedTokenCount: UInt64 = 0,
            enteredTokenCount: UInt64 = 0, startedCount: UInt64 = 0, runningCount: Int = 0,
            processorMicros: [UInt64?] = []
        ) {
            self.seconds = seconds
            self.stages = stages
            self.generatedTokenCount = generatedTokenCount
            self.enteredTokenCount = enteredTokenCount
            self.startedCount = startedCount
            self.runningCount = runningCount
            self.processorMicros = processorMicros
        }
    }

    /// What one stage did.
    package struct StageRates: Equatable, Sendable {
        /// Mean time of a step; `nil` if there was none.
        package var computeMilliseconds: Double?
        package var idleFraction = 1.0
        package var stepsPerSecond = 0.0
        package var receivedBytesPerSecond = 0.0
        package var coresActive: Double?

        package init() {}
    }

    private let secondsMax: Double
    private var samples: [Sample] = []
    /// What a sequence got when it was the only one.
    package private(set) var aloneTokensPerSecond: Double?

    package init(secondsMax: Double) {
        self.secondsMax = secondsMax
    }

    /// Takes the sums of a later moment; with other stages than before, or sums that fell, the window begins anew.
    package mutating func append(_ sample: Sample) {
        if let last = samples.last {
            if sample.continues(last) { noteAlone(from: last, to: sample) } else { samples = [] }
        }
        samples.append(sample)
        // One sample older than the window stays, so that the window is always full.
        while samples.count > 2, sample.seconds - samples[1].seconds >= secondsMax { samples.removeFirst() }
    }

    /// One sequence that decodes from one sample to the next, with nothing beside it, shows what one gets.
    private mutating func noteAlone(from last: Sample, to sample: Sample) {
        let generated = sample.generatedTokenCount - last.generatedTokenCount
        guard last.runningCount == 1, sample.runningCount == 1, last.startedCount == sample.startedCount,
            generated > 0, sample.enteredTokenCount - last.enteredTokenCount <= generated + 1
        else { return }
        let rate = Double(generated) / (sample.seconds - last.seconds)
        aloneTokensPerSecond = aloneTokensPerSecond.map { 0.7 * $0 + 0.3 * rate } ?? rate
    }

    /// Seconds that the rates are taken over; 0 with less than two samples.
    package var seconds: Double {
        guard let first = samples.first, let last = samples.last else { return 0 }
        return last.seconds - first.seconds
    }

    package var decodeTokensPerSecond: Double { rate(\.generatedTokenCount) }
    package var prefillTokensPerSecond: Double {
        max(rate(\.enteredTokenCount) - rate(\.generatedTokenCount), 0)
    }

    /// Mean number of sequences with a slot.
    package var activeSequences: Double {
        guard !samples.isEmpty else { return 0 }
        return Double(samples.reduce(0) { $0 + $1.runningCount }) / Double(samples.count)
    }

    package var stages: [StageRates] {
        guard let first = samples.first, let last = samples.last, seconds > 0 else {
            return samples.last.map { $0.stages.map { _ in StageRates() } } ?? []
        }
        return last.stages.indices.map { index in
            let done = last.stages[index] - first.stages[index]
            var rates = StageRates()
            rates.stepsPerSecond = Double(done.stepCount) / seconds
            rates.receivedBytesPerSecond = Double(done.receivedBytes) / seconds
            rates.idleFraction = min(max(1 - Double(done.computeMicros) / 1e6 / seconds, 0), 1)
            if done.stepCount > 0 {
                rates.computeMilliseconds = Double(done.computeMicros) / 1e3 / Double(done.stepCount)
            }
            if let now = last.processorMicros[at: index], let before = first.processorMicros[at: index],
                now >= before
            {
                rates.coresActive = Double(now - before) / 1e6 / seconds
            }
            return rates
        }
    }

    private func rate(_ count: KeyPath<Sample, UInt64>) -> Double {
        guard let first = samples.first, let last = samples.last, seconds > 0 else { return 0 }
        return Double(last[keyPath: count] - first[keyPath: count]) / seconds
    }
}

extension [UInt64?] {
    fileprivate subscript(at index: Int) -> UInt64? { indices.contains(index) ? self[index] : nil }
}

extension ActivityWindow.Sample {
    /// Whether these are the sums of `earlier`, grown: another pipeline counts from zero.
    fileprivate func continues(_ earlier: Self) -> Bool {
        seconds > earlier.seconds && stages.count == earlier.stages.count
            && enteredTokenCount >= earlier.enteredTokenCount
            && generatedTokenCount >= earlier.generatedTokenCount
            && zip(stages, earlier.stages).allSatisfy { $0.continues($1) }
    }
}
