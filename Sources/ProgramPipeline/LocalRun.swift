// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator
import ClusterLogic
import ClusterWorker
import Glibc

/// Text from stages inside this process.
struct LocalRun {
    let model: ModelFile
    let template: ChatTemplate?
    let store: ModelStore?
    let cuts: [Int]
    let engine: EngineOptions
    let onEvent: @Sendable (ClusterEvent) -> Void

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
                onEvent(.converting(progress))
            }
        }
        let stages = try ranges.map { layers in
            try StageLoader.load(model: model.description, layers: layers, settings: settings) { kind, body in
                if case .layer(let index) = kind {
                    onEvent(.loading(layer: index, of: model.description.layerCount))
                }
                try (packed?.part(kind) ?? model.pack(kind)).withBytes(body)
            }
        }
        onEvent(
            .remark(
                "\(model.description.name): \(plural(ranges.count, "stage")) in this process, layers "
                    + ranges.map { "\($0)" }.joined(separator: " | ") + ", \(settings.kernels.name) kernels, "
                    + settings.kernels.productSummary))
        let pipeline = LocalPipeline(stages: stages)
        let generator = Generator(
            pipeline: pipeline, codec: codec,
            schedule: GenerationSchedule(
                stageCount: ranges.count, slotCount: slotCount, contextLength: context,
                vocabularySize: model.description.vocabularySize, prefillChunk: engine.prefillChunk,
                waitingMax: engine.waitingMax),
            stages: ranges.map { StageStatistics(name: "local", layers: $0) })
        do {
            let running = RunningPipeline(
                generator: generator, stages: reported(ranges, settings),
                plan: plan(
                    ranges,
                    memory(
                        ranges, slotCount: slotCount, context: context, threadCount: threadCount, kernels),
                    slotCount: slotCount, contextLength: context),
                observe: { Self.observe(ranges, settings) })
            try await generator.serve { _ in try await body(running) }
        } catch {
            await pipeline.close()
            throw error
        }
        await pipeline.close()
    }

    /// What runs here, as operators read it.
    private func plan(
        _ ranges: [LayerRange], _ memory: [StageMemory], slotCount: Int, contextLength: Int
    ) -> PlanDocument {
        PlanDocument(
            stages: zip(ranges, memory).enumerated().map { index, stage in
                PlanDocument.Stage(
                    index: index, worker: "local", address: "",
                    layers: [stage.0.first, stage.0.end - 1], shippedBytes: 0,
                    memoryBytes: stage.1.total, memoryLimitBytes: SystemMemory.usableByteCount)
            },
            slots: slotCount, contextLength: contextLength, cacheType: engine.cacheType.rawValue,
            prefillChunk: engine.prefillChunk)
    }

    /// All stages share this process; what it takes as a whole is told of the first.
    private static func observe(
        _ ranges: [LayerRange], _ settings: StageLoader.Settings
    ) -> [StageObservation] {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        let micros = UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
        return ranges.enumerated().map { index, layers in
            var seen = StageObservation(worker: "local", address: "", layers: layers)
            seen.threadCount = settings.threadCount
            seen.isa = settings.kernels.name
            seen.build = Build.name
            if index == 0 { seen.processorMicros = micros }
            return seen
        }
    }

    /// As many sequences at a time as fit into memory, and says so.
    private func slotCount(
        _ ranges: [LayerRange], context: Int, threadCount: Int, _ kernels: Kernels
    ) throws -> Int {
        let usable = SystemMemory.usableByteCount
        let (slotCount, cacheByteCount) = try SlotCounts.first(wanted: engine.slotCount) {
            slotCount throws(PlanError) in
            let memory = memory(
                ranges, slotCount: slotCount, context: context, threadCount: threadCount, kernels)
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
        onEvent(
            .reserved(
                slotCount: slotCount, contextLength: context, cacheType: engine.cacheType.rawValue,
                cacheByteCount: cacheByteCount))
        return slotCount
    }

    /// What each stage takes.
    private func memory(
        _ ranges: [LayerRange], slotCount: Int, context: Int, threadCount: Int, _ kernels: Kernels
    ) -> [StageMemory] {
        let cache = CacheShape(slots: slotCount, context: context, type: engine.cacheType)
        return ranges.map { layers in
            Stage.memory(
                model: model.description, layers: layers, cache: cache,
                tokensPerStepMax: engine.prefillChunk + slotCount, threadCount: threadCount,
                kernels: kernels, tableEncoding: model.tableEncoding, headType: engine.head)
        }
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
