// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterWire

/// All stages that a coordinator gives a worker, found to fit it together.
struct AssignedStages: Sendable {
    /// At least one, in the order of their layers.
    let all: [AssignedStage]
    /// Weights, KV caches and scratch, bytes.
    let residentByteCount: UInt64
    /// What they leave of the memory that this worker may use, bytes.
    let freeByteCount: UInt64

    /// - Throws: ``WorkerError`` for what is out of bounds, unknown or too large here; ``ModelFileError`` for a
    ///   manifest that cannot be read.
    init(_ assignments: [Assignment], to configuration: WorkerConfiguration) throws {
        all = try assignments.map { try AssignedStage($0, to: configuration) }
        guard let first = all.first, all.allSatisfy({ $0.manifest.model == first.manifest.model }) else {
            throw WorkerError("the stages of one worker are of different models")
        }
        for (stage, next) in zip(all, all.dropFirst())
        where stage.manifest.layers.end > next.manifest.layers.first {
            throw WorkerError(
                "stage \(next.index) has layers \(next.manifest.layers), but stage \(stage.index) has "
                    + "\(stage.manifest.layers)")
        }
        residentByteCount = all.reduce(0) { sum, stage in
            let (next, overflow) = sum.addingReportingOverflow(stage.residentByteCount)
            return overflow ? .max : next
        }
        let limit = configuration.memoryByteCount
        guard residentByteCount <= limit else {
            throw WorkerError(
                "layers \(all.map(\.manifest.layers).text) need \(ByteCount.text(residentByteCount)) here, but "
                    + "\(configuration.name) may use \(ByteCount.text(limit)): \(residentByteCount - limit) "
                    + "bytes short. Give it fewer layers, or lower --ctx-size or --parallel")
        }
        freeByteCount = limit - residentByteCount
    }

    /// What their manifests name, each file once.
    var files: [PartReference] {
        var seen: Set<PartFile> = []
        return all.flatMap(\.manifest.files).filter { seen.insert($0.file).inserted }
    }

    var parts: [PartReference] { all.flatMap(\.manifest.parts) }

    /// What they say of sequences, which is the same of all.
    var states: ContentDigest? { all[0].states }
    var settings: StageSettings { all[0].settings }
    var model: ModelDescription { all[0].manifest.model }
}
