// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterLogic
import ClusterTransport
import ProgramSupport

/// Text from the workers of a cluster file.
struct ClusterRun {
    let file: ClusterFile
    let model: ModelFile
    let template: ChatTemplate?
    let store: ModelStore?
    let engine: EngineOptions
    let console: Console
    /// Where measurements are kept.
    let bookDirectory: String?

    func use(_ body: @escaping @Sendable (RunningPipeline) async throws -> Void) async throws {
        if let warning = file.keyFile.flatMap(KeyFile.permissionWarning) {
            console.note("warning: \(warning)")
        }
        let codec = TextCodec(tokenizer: try model.tokenizer(), template: template)
        var options = engine.clusterOptions
        options.bookDirectory = bookDirectory
        let cluster = try await Cluster.start(
            file: file, key: file.readKey(), model: model, store: store,
            options: options, network: Network(loopCount: 1), onEvent: { show($0) })
        let generator = Generator(
            pipeline: cluster.pipeline, codec: codec,
            schedule: GenerationSchedule(
                stageCount: cluster.plan.stages.count, slotCount: cluster.slotCount,
                contextLength: cluster.contextLength, vocabularySize: model.description.vocabularySize,
                prefillChunk: engine.prefillChunk, groupCount: cluster.plan.groupCount),
            stages: cluster.plan.stages.map { StageStatistics(name: $0.worker, layers: $0.layers) })
        do {
            let pipeline = RunningPipeline(
                generator: generator, stages: cluster.stages.map(RunningPipeline.Stage.init),
                slotCount: cluster.slotCount, contextLength: cluster.contextLength)
            try await generator.serve { _ in try await body(pipeline) }
        } catch {
            await cluster.close()
            throw error
        }
        await cluster.close()
    }

    private func show(_ event: ClusterEvent) {
        switch event {
        case .waiting(let reason):
            console.note("waiting: \(reason)")
        case .joined(let worker, let isa, let threadCount):
            console.note("joined \(worker)  \(isa), \(threadCount) thread\(threadCount == 1 ? "" : "s")")
        case .measured(let worker, let figures):
            console.note(MeasurementText.line(worker: worker, figures))
        case .unmeasured(let worker, let reason):
            console.note("warning: \(worker) was not measured: \(reason)")
        case .probed(let from, let to, let link):
            console.note(MeasurementText.line(from: from, to: to, link))
        case .bookUnusable(let reason):
            console.note("warning: measurements are not kept: \(reason)")
        case .converting(let progress):
            console.progress("convert", progress.line, isLast: progress.isLast)
        case .converted:
            console.note("convert  nothing: all parts were kept from an earlier start")
        case .planned(let plan):
            for line in PlanReport.lines(plan: plan, model: model.description) { console.note(line) }
        case .reserved(let slotCount, let contextLength, let cacheType, let byteCount):
            console.note(
                ReservationText.line(
                    slotCount: slotCount, contextLength: contextLength, cacheType: cacheType,
                    byteCount: byteCount))
        case .shipping(let progress):
            console.progress(progress.worker, progress.line, isLast: progress.isLast)
        case .shipped(let byteCount):
            console.note("shipped \(byteCount) bytes in all")
        case .ready(let worker, let kernel, let residentByteCount, let loadTime):
            console.note(
                "ready \(worker)  \(kernel) kernels, \(ByteCount.text(residentByteCount)) resident, loaded in "
                    + "\((loadTime.seconds * 1e3).text(places: 0)) ms")
        }
    }
}

extension RunningPipeline.Stage {
    fileprivate init(_ stage: ClusterStage) {
        self.init(
            worker: stage.planned.worker, layers: stage.planned.layers,
            readByteCount: stage.planned.readByteCount, threadCount: stage.threadCount, isa: stage.isa,
            readBytesPerSecond: stage.readBytesPerSecond)
    }
}
