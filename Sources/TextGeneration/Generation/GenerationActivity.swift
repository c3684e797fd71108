// SPDX-License-Identifier: MIT

/// A generator at one moment.
package struct GenerationActivity: Sendable {
    package var ledger: GenerationLedger
    package var meter: PipelineMeter
    /// Sequences that wait for a slot.
    package var waitingCount: Int
    /// Sequences that have one.
    package var runningCount: Int
    /// Sequences that may wait; more are refused.
    package var waitingMax: Int

    /// Tokens that went into the pipeline, those by which the service saw that it works not counted.
    package var enteredTokenCount: UInt64 { meter.entryCount - min(meter.probeTokenCount, meter.entryCount) }

    package init(
        ledger: GenerationLedger = .init(), meter: PipelineMeter = .init(stageCount: 0),
        waitingCount: Int = 0,
        runningCount: Int = 0, waitingMax: Int = 0
    ) {
        self.ledger = ledger
        self.meter = meter
        self.waitingCount = waitingCount
        self.runningCount = runningCount
        self.waitingMax = waitingMax
    }
}
