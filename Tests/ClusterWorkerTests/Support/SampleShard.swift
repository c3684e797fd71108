// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterWire
import TestSupport
import Testing

/// One stage of a small model, packed.
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
        let model = try Self.model.get()
        let layerCount = model.file.description.layerCount
        let layers = try #require(LayerRange(first: 0, end: isWhole ? layerCount : layerCount - 1))
        manifest = model.manifest(layers: layers)
        parts = try manifest.files.map { try model.part($0.kind) }
        stageCount = isWhole ? 1 : 2
        index = 0
    }

    /// - Parameter next: host:port of the next stage's worker.
    func assignment(next: String? = nil) -> Assignment {
        Assignment(
            stageIndex: index, stageCount: stageCount, manifest: manifest.encoded(), slotCount: 1,
            contextLength: 32, cacheType: "f16", stepTokensMax: 8, next: next,
            nextNode: next.map { _ in "x" })
    }
}
