// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import ClusterPlanning
import ClusterWorker
import Glibc
import TextGeneration

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
        let ranges = try LayerRange.cut(layerCount: model.description.layerCount, before: cuts)
        let threads = engine.threads ?? ComputePool.defaultThreadCount
        let threadCount = max(threads / ranges.count, 1)
        let kernels = try Kernels(engine.isa, mode: engine.kernelMode, threadCount: threadCount)
        let machine = kernels.machine(threadCount: threadCount)
        let settings = try settings(ranges, machine)
        let packed = try store.map { store in
            try PackedModel(file: model, store: store) { progress in
                onEvent(.converting(progress))
            }
        }
        let stages = try ranges.map { layers in
            try StageLoader.load(
                model: model.description, layers: layers, settings: settings, kernels: kernels,
                pool: ComputePool(threadCount: threadCount)
            ) { kind, body in
                if case .layer(let index) = kind {
                    onEvent(.loading(layer: index, of: model.description.layerCount))
                }
                try (packed?.part(kind) ?? model.pack(kind)).withBytes(body)
            }
        }
        onEvent(
            .remark(
                "\(model.description.name): \(plural(ranges.count, "stage")) in this process, layers "
                    + ranges.map { "\($0)" }.joined(separator: " | ") + ", \(kernels.name) kernels, "
                    + kernels.productSummary))
        let pipeline = LocalPipeline(stages: stages)
        let generator = Generator(
            pipeline: pipeline, codec: codec,
            schedule: GenerationSchedule(
                stageCount: ranges.count, slotCount: settings.cache.slots,
                contextLength: settings.cache.context, vocabularySize: model.description.vocabularySize,
                prefillChunk: engine.prefillChunk,
                waitingMax: engine.waitingMax),
            stages: ranges.map { StageStatistics(name: "local", layers: $0) })
        do {
            let account = model.account(settings, on: machine)
            let running = RunningPipeline(
                generator: generator, stages: reported(ranges, kernels, threadCount),
                plan: plan(ranges, account),
                observe: { Self.observe(ranges, kernels.name, threadCount) })
            try await generator.serve { _ in try await body(running) }
        } catch {
            await pipeline.close()
            throw error
        }
        await pipeline.close()
    }

    /// What runs here, as operators read it.
    private func plan(_ ranges: [LayerRange], _ account: MemoryAccount) -> PlanDocument {
        PlanDocument(
            stages: ranges.enumerated().map { index, layers in
                PlanDocument.Stage(
                    index: index, worker: "local", address: "", layers: [layers.first, layers.end - 1],
                    shippedBytes: 0, memoryBytes: account.memory(of: layers).total,
                    memoryLimitBytes: SystemMemory.usableByteCount)
            },
            settings: account.settings)
    }

    /// All stages share this process; what it takes as a whole is told of the first.
    private static func observe(
        _ ranges: [LayerRange], _ isa: String, _ threadCount: Int
    ) -> [StageObservation] {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        let micros = UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
        return ranges.enumerated().map { index, layers in
            var seen = StageObservation(worker: "local", address: "", layers: layers)
            seen.threadCount = threadCount
            seen.isa = isa
            seen.build = Build.name
            if index == 0 { seen.processorMicros = micros }
            return seen
        }
    }

    /// As many sequences at a time as fit into memory, and says so.
    private func settings(_ ranges: [LayerRange], _ machine: StageMachine) throws -> StageSettings {
        let request = engine.request
        let usable = SystemMemory.usableByteCount
        let (_, (settings, cacheByteCount)) = try SlotCounts.first(wanted: request.slotCount) {
            slotCount throws(PlanError) in
            let settings = request.settings(slotCount: slotCount, of: model.description)
            let account = model.account(settings, on: machine)
            let memory = ranges.map { account.memory(of: $0) }
            let needed = memory.reduce(0) { $0 + $1.total }
            guard needed <= usable else {
                throw PlanError(
                    .memory,
                    "the model needs \(ByteCount.text(needed)) here, of which \(ByteCount.text(usable)) are there: "
                        + "\(needed - usable) bytes short. Lower --ctx-size or --parallel",
                    shortByteCount: needed - usable)
            }
            return (settings, memory.reduce(0) { $0 + $1.cache })
        }
        onEvent(.reserved(settings.cache, byteCount: cacheByteCount))
        return settings
    }

    private func reported(
        _ ranges: [LayerRange], _ kernels: Kernels, _ threadCount: Int
    ) -> [RunningPipeline.Stage] {
        let cost = ModelCost(of: model)
        return ranges.map { layers in
            RunningPipeline.Stage(
                worker: "local", layers: layers, readByteCount: cost.readByteCount(of: layers),
                threadCount: threadCount, isa: kernels.name, readBytesPerSecond: nil)
        }
    }
}
