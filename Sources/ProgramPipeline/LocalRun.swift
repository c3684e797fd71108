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
    let template: ChatTemplate?
    let store: ModelStore?
    let cuts: [Int]
    let engine: EngineOptions
    let console: Console

    func use(_ body: @escaping @Sendable (RunningPipeline) async throws -> Void) async throws {
        let codec = TextCodec(tokenizer: try model.tokenizer(), template: template)
        let context = min(engine.ctxSize ?? .max, model.description.contextLength)
        let ranges = try LayerRange.cut(layerCount: model.description.layerCount, before: cuts)
        let threads = engine.threads ?? ComputePool.defaultThreadCount
        let threadCount = max(threads / ranges.count, 1)
        let kernels = try Kernels(engine.isa, mode: engine.kernelMode, threadCount: threadCount)
        let slotCount = try slotCount(ranges, context: context, threadCount: threadCount, kernels)
        let settings = StageLoader.Settings(
            slotCount: slotCount, contextLength: context, cacheType: engine.cacheType,
            stepTokensMax: engine.prefillChunk + slotCount, threadCount: threadCount, kernels: kernels,
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
            pipeline: pipeline, codec: codec,
            schedule: GenerationSchedule(
                stageCount: ranges.count, slotCount: slotCount, contextLength: context,
                vocabularySize: model.description.vocabularySize, prefillChunk: engine.prefillChunk),
            stages: ranges.map { StageStatistics(name: "local", layers: $0) })
        do {
            let running = RunningPipeline(
                generator: generator, stages: reported(ranges, settings), slotCount: slotCount,
                contextLength: context)
            try await generator.serve { _ in try await body(running) }
        } catch {
            await pipeline.close()
            throw error
        }
        await pipeline.close()
    }

    /// As many sequences at a time as fit into memory, and says so.
    private func slotCount(
        _ ranges: [LayerRange], context: Int, threadCount: Int, _ kernels: Kernels
    ) throws -> Int {
        let usable = SystemMemory.usableByteCount
        let (slotCount, cacheByteCount) = try SlotCounts.first(wanted: engine.slotCount) {
            slotCount throws(PlanError) in
            let cache = CacheShape(slots: slotCount, context: context, type: engine.cacheType)
            let memory = ranges.map { layers in
                Stage.memory(
                    model: model.description, layers: layers, cache: cache,
                    tokensPerStepMax: engine.prefillChunk + slotCount, threadCount: threadCount,
                    kernels: kernels, tableEncoding: model.tableEncoding, headType: engine.head)
            }
            let needed = memory.reduce(0) { $0 + $1.total }
            guard needed <= usable else {
                throw PlanError(
                    .memory,
                    "the model needs \(ByteCount.text(needed)) here, of which \(ByteCount.text(usable)) are there: "
                        + "\(needed - usable) bytes short. Lower --ctx-size or --parallel",
                    shortByteCount: needed - usable)
            }
            return memory.reduce(0) { $0 + $1.cache }
        }
        console.note(
            ReservationText.line(
                slotCount: slotCount, contextLength: context, cacheType: engine.cacheType.rawValue,
                byteCount: cacheByteCount))
        return slotCount
    }

    private func reported(
        _ ranges: [LayerRange], _ settings: StageLoader.Settings
    ) -> [RunningPipeline.Stage] {
        let cost = ModelCost(of: model)
        return ranges.map { layers in
            RunningPipeline.Stage(
                worker: "local", layers: layers, readByteCount: cost.readByteCount(of: layers),
                threadCount: settings.threadCount, isa: settings.kernels.name, readBytesPerSecond: nil)
        }
    }
}
