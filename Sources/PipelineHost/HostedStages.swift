// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator

/// The stages of a pipeline that are up, wherever they are.
struct HostedStages: Sendable {
    let pipeline: any StepPipeline
    let reports: [RunningPipeline.Stage]
    let plan: PlanDocument
    /// Groups in which sequences go; `nil` for one for each stage.
    let groupCount: Int?
    /// The stages' workers as they are now.
    let observe: @Sendable () -> [StageObservation]
    /// Lets the stages go.
    let close: @Sendable () async -> Void
}
