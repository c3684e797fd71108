// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import TextGeneration

/// What is known of the pipeline that runs, and remains known of those that were lost.
struct PipelineRecord: Sendable {
    /// Of the pipeline that began last.
    private(set) var plan: PlanDocument?
    private(set) var observations: [StageObservation] = []
    private(set) var window = ActivityWindow(secondsMax: AdminAPI.windowSeconds)

    /// A pipeline has come up.
    mutating func begin(_ plan: PlanDocument, _ observations: [StageObservation]) {
        self.plan = plan
        self.observations = observations
        window = ActivityWindow(secondsMax: AdminAPI.windowSeconds)
    }

    /// Its workers were looked at.
    ///
    /// - Parameter seconds: since any fixed moment.
    mutating func observe(
        _ observations: [StageObservation], _ activity: GenerationActivity, at seconds: Double
    ) {
        self.observations = observations
        window.append(
            ActivityWindow.Sample(
                seconds: seconds, stages: activity.meter.stages,
                generatedTokenCount: activity.ledger.generatedTokenCount,
                enteredTokenCount: activity.enteredTokenCount, startedCount: activity.ledger.startedCount,
                runningCount: activity.runningCount, processorMicros: observations.map(\.processorMicros)))
    }

    /// It is lost.
    mutating func end() {
        window = ActivityWindow(secondsMax: AdminAPI.windowSeconds)
    }
}
