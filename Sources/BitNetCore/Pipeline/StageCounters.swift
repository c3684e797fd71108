// SPDX-License-Identifier: MIT

/// What one stage has done since its pipeline started; every figure only grows.
package struct StageCounters: Equatable, Sendable {
    package private(set) var stepCount: UInt64 = 0
    /// Time inside the forward pass.
    package private(set) var computeMicros: UInt64 = 0
    /// Time between steps: waiting for input.
    package private(set) var idleMicros: UInt64 = 0
    /// Time in which a frame was on its way into the socket: waiting for output, beside computing.
    package private(set) var sendingMicros: UInt64 = 0
    /// Steps whose bytes were there before the step before them was computed.
    package private(set) var aheadStepCount: UInt64 = 0
    package private(set) var receivedBytes: UInt64 = 0

    package init() {}

    /// Takes what the stage says of one step.
    package mutating func add(_ trace: StageTrace) {
        stepCount += 1
        computeMicros += UInt64(clamping: trace.computeMicros)
        idleMicros += UInt64(clamping: trace.idleMicros)
        sendingMicros += UInt64(clamping: trace.sendingMicros)
        receivedBytes += UInt64(clamping: trace.receivedBytes)
        // It lay in the queue for longer than the stage was idle, so it came while the stage was computing.
        if trace.queuedMicros > trace.idleMicros { aheadStepCount += 1 }
    }

    /// What has been done since `earlier`, a former state of the same counters; all of it if it is none, because they
    /// began anew meanwhile.
    package static func - (later: StageCounters, earlier: StageCounters) -> StageCounters {
        guard later.continues(earlier) else { return later }
        var difference = later
        difference.stepCount -= earlier.stepCount
        difference.computeMicros -= earlier.computeMicros
        difference.idleMicros -= earlier.idleMicros
        difference.sendingMicros -= earlier.sendingMicros
        difference.aheadStepCount -= earlier.aheadStepCount
        difference.receivedBytes -= earlier.receivedBytes
        return difference
    }

    /// Whether `earlier` can be a former state of these counters.
    package func continues(_ earlier: StageCounters) -> Bool {
        stepCount >= earlier.stepCount && computeMicros >= earlier.computeMicros
            && idleMicros >= earlier.idleMicros && sendingMicros >= earlier.sendingMicros
            && aheadStepCount >= earlier.aheadStepCount && receivedBytes >= earlier.receivedBytes
    }

    /// Part of the time between the first step and the last in which the stage was computing.
    package var busyFraction: Double {
        let wallMicros = computeMicros + idleMicros
        return wallMicros > 0 ? Double(computeMicros) / Double(wallMicros) : 0
    }

    package var computeTime: Duration { .microseconds(Int64(clamping: computeMicros)) }
}
