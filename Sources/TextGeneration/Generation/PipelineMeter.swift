// SPDX-License-Identifier: MIT
package import BitNetCore

/// Adds up what the stages report with every step, and how long steps are under way.
package struct PipelineMeter: Sendable {
    /// For each stage, in order.
    package private(set) var stages: [StageCounters]
    /// Steps that have come back.
    package private(set) var stepCount: UInt64 = 0
    /// Tokens of the steps that were sent.
    package private(set) var entryCount: UInt64 = 0
    /// Of these, tokens by which the service saw that it works.
    private(set) var probeTokenCount: UInt64 = 0
    /// Of the last steps: time under way that no stage spent computing, in microseconds.
    package private(set) var transitMicros: [UInt32] = []
    /// When the last of them came.
    package private(set) var lastReturn: ContinuousClock.Instant?
    private var nextTransit = 0
    private var sent: [UInt64: ContinuousClock.Instant] = [:]

    /// Transits that are remembered.
    private static let transitsMax = 4096

    package init(stageCount: Int) {
        stages = Array(repeating: StageCounters(), count: stageCount)
    }

    mutating func send(_ step: Step, at now: ContinuousClock.Instant) {
        entryCount += UInt64(step.entries.count)
        sent[step.id] = now
    }

    mutating func probe(tokenCount: Int) { probeTokenCount += UInt64(clamping: tokenCount) }

    mutating func receive(_ outcome: StepOutcome, at now: ContinuousClock.Instant) {
        stepCount += 1
        lastReturn = now
        for (index, trace) in zip(stages.indices, outcome.traces) { stages[index].add(trace) }
        guard let start = sent.removeValue(forKey: outcome.id) else { return }
        let computed = outcome.traces.reduce(Duration.zero) {
            $0 + .microseconds(Int64(clamping: $1.computeMicros))
        }
        let transit = UInt32(
            clamping: Int64(clamping: ((start.duration(to: now) - computed).seconds * 1e6).rounded()))
        if transitMicros.count < Self.transitsMax {
            transitMicros.append(transit)
        } else {
            transitMicros[nextTransit] = transit
            nextTransit = (nextTransit + 1) % Self.transitsMax
        }
    }

    /// The last `count` transits, as far as they are remembered.
    package func lastTransits(_ count: UInt64) -> [UInt32] {
        // In the order in which they came: what follows the next place is the oldest.
        let ordered = transitMicros[nextTransit...] + transitMicros[..<nextTransit]
        return Array(ordered.suffix(Int(clamping: count)))
    }

    /// Forgets the transits so far, so that the next ones are those of what follows.
    mutating func forgetTransits() {
        transitMicros = []
        nextTransit = 0
    }
}
