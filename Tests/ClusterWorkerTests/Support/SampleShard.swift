// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterWire
import TestSupport
import Testing

/// A stage of a small model, packed.
struct SampleShard {
    let manifest: ShardManifest
    /// In the manifest's order, those that are the same but once.
    let parts: [PackedPart]
    private let stageCount: UInt32
    private let index: UInt32

    private static let model = Result {
        try PackedModel(file: ModelFile(path: Repository.awkwardModel)) { _ in }
    }

    /// All layers in one stage, or the first of two stages.
    init(isWhole: Bool = true) throws {
        let layerCount = try Self.layerCount
        try self.init(0, of: isWhole ? 1 : 2, layers: 0..<(isWhole ? layerCount : layerCount - 1))
    }

    init(_ index: UInt32, of stageCount: UInt32, layers: Range<Int>) throws {
        let model = try Self.model.get()
        manifest = model.manifest(
            layers: try #require(LayerRange(first: layers.lowerBound, end: layers.upperBound)))
        parts = try manifest.files.map { try model.part($0.kind) }
        self.stageCount = stageCount
        self.index = index
    }

    static var layerCount: Int { get throws { try model.get().file.description.layerCount } }

    /// - Parameters:
    ///   - next: host:port of the next stage's worker.
    ///   - workerStages: stages that the worker is given.
    func assignment(next: String? = nil, workerStages: Int = 1) -> Assignment {
        Assignment(
            stageIndex: index, stageCount: stageCount, manifest: manifest.encoded(),
            settings: StageSettings(
                cache: CacheShape(slots: 1, context: 32), stepTokensMax: 8, headType: .exact),
            next: next,
            nextNode: next.map { _ in "x" }, workerStageCount: workerStages, namesNextStage: workerStages > 1)
    }
}
