// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterPlanning
import ClusterWire

/// What one worker is to load: a stage, or several that lie apart.
struct WorkerLoad: Sendable {
    /// Who takes what a stage hands on.
    struct Next: Sendable {
        let worker: WorkerIdentity
        /// Whether it serves other stages as well.
        let hasSeveral: Bool
    }

    let control: WorkerControl
    let stages: [PlannedStage]
    /// Of each stage; `nil` for one that hands nothing on.
    let next: [Next?]
    /// Of the whole pipeline.
    let stageCount: Int

    /// What the worker is told of its stages.
    ///
    /// - Parameters:
    ///   - manifests: of each stage.
    ///   - states: what it knows of sequences may outlive it under this name.
    func assignments(
        _ manifests: [ShardManifest], _ settings: StageSettings, _ states: ContentDigest?
    ) -> [Assignment] {
        zip(zip(stages, next), manifests).map { stage, manifest in
            let (stage, next) = stage
            return Assignment(
                stageIndex: UInt32(clamping: stage.index), stageCount: UInt32(clamping: stageCount),
                manifest: manifest.encoded(), settings: settings, next: next?.worker.address,
                nextNode: next?.worker.name, nextID: next?.worker.processID ?? 0, states: states,
                workerStageCount: stages.count, namesNextStage: next?.hasSeveral ?? false)
        }
    }
}

extension WorkerControl {
    /// Has the worker connect one of its stages to the next one's worker.
    func sendLink(ofStage index: Int) {
        send(Frame(type: .link, stream: UInt64(clamping: index)))
    }
}
