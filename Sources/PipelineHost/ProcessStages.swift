// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator
import ClusterPlanning
import ClusterWorker
import Glibc

/// Stages that are to run inside this process: cut, counted, not loaded yet.
struct ProcessStages: Sendable {
    let model: ModelFile
    let ranges: [LayerRange]
    let kernels: Kernels
    /// Compute threads of each stage.
    let threadCount: Int
    let account: MemoryAccount
    let onEvent: @Sendable (ClusterEvent) -> Void

    /// - Throws: `LayerCutError`, `EngineError`, or ``PlanError`` if there is no room.
    init(
        model: ModelFile, local: LocalStages, request: PipelineRequest,
        onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) throws {
        let ranges = try LayerRange.cut(
            layerCount: model.description.layerCount, before: local.cuts,
            segmentLayers: max(request.segmentLayers, 1))
        let threadCount = max((local.threadCount ?? ComputePool.defaultThreadCount) / ranges.count, 1)
        let kernels = try Kernels(local.kernels, mode: local.mode, threadCount: threadCount)
        let machine = kernels.machine(threadCount: threadCount)
        let (_, account) = try SlotCounts.first(wanted: request.slotCount) { slotCount throws(PlanError) in
            var settings = request.settings(slotCount: slotCount, of: model.description)
            // They all end together.
            settings.keepsStates = false
            let account = model.account(settings, on: machine)
            try Self.checkRoom(account, ranges)
            return account
        }
        self.model = model
        self.ranges = ranges
        self.kernels = kernels
        self.threadCount = threadCount
        self.account = account
        self.onEvent = onEvent
        onEvent(
            .reserved(
                account.settings.cache,
                byteCount: ranges.reduce(0) { $0 + account.memory(of: $1).cache }))
    }

    private static func checkRoom(_ account: MemoryAccount, _ ranges: [LayerRange]) throws(PlanError) {
        let usable = SystemMemory.usableByteCount
        let needed = ranges.reduce(0) { $0 + account.memory(of: $1).total }
        guard needed <= usable else {
            throw PlanError(
                .memory,
                "the model needs \(ByteCount.text(needed)) here, of which \(ByteCount.text(usable)) are there: "
                    + "\(needed - usable) bytes short. Lower --ctx-size or --parallel",
                shortByteCount: needed - usable)
        }
    }

    /// Converts what is not kept, and lays every stage out in memory.
    ///
    /// - Returns: the stages, and the fingerprint of what they write.
    func load(_ store: ModelStore?) throws -> (stages: [Stage], fingerprint: String?) {
        let packed = try store.map { store in
            try PackedModel(file: model, store: store) { onEvent(.converting($0)) }
        }
        if let failure = packed?.storeFailure {
            onEvent(.warning("converted weights are not kept: \(failure.message)"))
        }
        if packed == nil { try model.checkUnchanged() }
        var parts: [PartReference.Kind: PartReference] = [:]
        let stages = try ranges.map { layers in
            try StageLoader.load(
                model: model.description, layers: layers, settings: account.settings, kernels: kernels,
                pool: ComputePool(threadCount: threadCount)
            ) { kind, body in
                if case .layer(let index) = kind {
                    onEvent(.loading(layer: index, of: model.description.layerCount))
                }
                let part = try packed?.part(kind) ?? model.pack(kind)
                parts[kind] = PartReference(
                    kind: kind, digest: part.reference.digest, byteCount: part.reference.byteCount)
                try part.withBytes(body)
            }
        }
        let manifest = LayerRange(first: 0, end: model.description.layerCount).map { layers in
            ShardManifest(
                model: model.description, layers: layers,
                parts: ShardManifest.kinds(layers: layers, of: model.description).compactMap { parts[$0] })
        }
        onEvent(
            .remark(
                "\(model.description.name): \(ranges.count) stage\(ranges.count == 1 ? "" : "s") in this process, layers "
                    + ranges.map { "\($0)" }.joined(separator: " | ") + ", \(kernels.name) kernels, "
                    + kernels.productSummary))
        let cuts = ranges.dropFirst().map(\.first)
        return (stages, manifest?.fingerprint(account.settings, cuts: cuts))
    }

    // MARK: Reports

    var reports: [RunningPipeline.Stage] {
        let cost = ModelCost(of: model)
        return ranges.map { layers in
            RunningPipeline.Stage(
                worker: "local", layers: layers, readByteCount: cost.readByteCount(of: layers),
                threadCount: threadCount, isa: kernels.name, readBytesPerSecond: nil)
        }
    }

    /// What runs here, as operators read it.
    var plan: PlanDocument {
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
    func observe() -> [StageObservation] {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        let micros = UInt64(clamping: time.tv_sec) * 1_000_000 + UInt64(clamping: time.tv_nsec) / 1000
        return ranges.enumerated().map { index, layers in
            var seen = StageObservation(worker: "local", address: "", layers: layers)
            seen.threadCount = threadCount
            seen.isa = kernels.name
            seen.build = Build.name
            if index == 0 { seen.processorMicros = micros }
            return seen
        }
    }
}

extension HostedStages {
    /// Stages inside this process.
    init(_ process: ProcessStages, store: ModelStore?) throws {
        let (stages, fingerprint) = try process.load(store)
        let pipeline = LocalPipeline(stages: stages)
        var plan = process.plan
        plan.fingerprint = fingerprint
        self.init(
            pipeline: pipeline, reports: process.reports, plan: plan, groupCount: nil,
            observe: { process.observe() }, close: { await pipeline.close() })
    }
}
