// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator
import ClusterLogic
import ClusterWorker
import ProgramSupport

/// Text from stages inside this process.
struct LocalRun {
    let model: ModelFile
    let store: ModelStore?
    let cuts: [Int]
    let engine: EngineOptions
    let console: Console

    func use(_ body: @escaping @Sendable (Generator) async throws -> Void) async throws {
        let tokenizer = try model.tokenizer()
        let context = min(engine.ctxSize ?? .max, model.description.contextLength)
        let ranges = try LayerRange.cut(layerCount: model.description.layerCount, before: cuts)
        let threads = engine.threads ?? ComputePool.defaultThreadCount
        let threadCount = max(threads / ranges.count, 1)
        let settings = StageLoader.Settings(
            slotCount: engine.slotCount, contextLength: context, cacheType: engine.cacheType,
            stepTokensMax: engine.prefillChunk + engine.slotCount,
            threadCount: threadCount,
            kernels: try Kernels(engine.isa, mode: engine.kernelMode, threadCount: threadCount),
            headType: engine.head)
        let packed = try store.map { store in
            try PackedModel(file: model, store: store) { progress in
                console.progress("convert", progress.line, isLast: progress.isLast)
            }
        }
        let stages = try ranges.map { layers in
            try StageLoader.load(model: model.description, layers: layers, settings: settings) { kind, body in
                if case .layer(let index) = kind {
                    console.progress(
                        "load", "load layer \(index) of \(model.description.layerCount)", isLast: false)
                }
                try (packed?.part(kind) ?? model.pack(kind)).withBytes(body)
            }
        }
        console.note(
            "\(model.description.name): \(ranges.count) stage\(ranges.count == 1 ? "" : "s") in this process, layers "
                + ranges.map { "\($0)" }.joined(separator: " | ") + ", \(settings.kernels.name) kernels, "
                + settings.kernels.productSummary)
        let pipeline = LocalPipeline(stages: stages)
        let generator = Generator(
            pipeline: pipeline, tokenizer: tokenizer,
            schedule: GenerationSchedule(
                stageCount: ranges.count, slotCount: engine.slotCount, contextLength: context,
                prefillChunk: engine.prefillChunk),
            stages: ranges.map { StageStatistics(name: "local", layers: $0) })
        do {
            try await generator.serve(body)
        } catch {
            await pipeline.close()
            throw error
        }
        await pipeline.close()
    }
}
