// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator

extension BenchRecord.StageRow {
    /// A stage's counters, for each step.
    init(
        index: Int, _ stage: RunningPipeline.Stage, _ figures: DecodeFigures, _ counters: StageCounters,
        readMs: Double?
    ) {
        let steps = Double(max(counters.stepCount, 1))
        self.init(
            concurrency: figures.concurrency, index: index, worker: stage.worker, layers: "\(stage.layers)",
            threads: stage.threadCount, isa: stage.isa, tokensPerStep: figures.tokensPerStep,
            computeMs: Double(counters.computeMicros) / 1e3 / steps, busy: counters.busyFraction,
            idleMs: Double(counters.idleMicros) / 1e3 / steps,
            sendingMs: Double(counters.sendingMicros) / 1e3 / steps,
            ahead: Double(counters.aheadStepCount) / steps,
            receivedBytesPerStep: Double(counters.receivedBytes) / steps, readMs: readMs)
    }
}
