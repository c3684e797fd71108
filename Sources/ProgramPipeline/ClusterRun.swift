// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import ClusterTransport
import TextGeneration

/// Text from the workers of a cluster file.
struct ClusterRun {
    let file: ClusterFile
    let model: ModelFile
    let template: ChatTemplate?
    let store: ModelStore?
    let engine: EngineOptions
    let onEvent: @Sendable (ClusterEvent) -> Void
    /// Where measurements are kept.
    let bookDirectory: String?

    /// One for the process, as a coordinator that serves brings up one cluster after another.
    private static let network = Network(loopCount: 1)

    func use(_ body: @escaping @Sendable (RunningPipeline) async throws -> Void) async throws {
        if let warning = file.keyFile.flatMap(KeyFile.permissionWarning) {
            onEvent(.remark("warning: \(warning)"))
        }
        let codec = TextCodec(tokenizer: try model.tokenizer(), template: template)
        var request = engine.request
        request.bookDirectory = bookDirectory
        let cluster = try await Cluster.start(
            file: file, key: file.readKey(), model: model, store: store,
            request: request, network: Self.network, onEvent: onEvent)
        let generator = Generator(
            pipeline: cluster.pipeline, codec: codec,
            schedule: GenerationSchedule(
                stageCount: cluster.plan.stages.count, slotCount: cluster.settings.cache.slots,
                contextLength: cluster.settings.cache.context,
                vocabularySize: model.description.vocabularySize,
                prefillChunk: engine.prefillChunk, groupCount: cluster.plan.groupCount,
                waitingMax: engine.waitingMax),
            stages: cluster.plan.stages.map { StageStatistics(name: $0.worker, layers: $0.layers) })
        do {
            let pipeline = RunningPipeline(
                generator: generator, stages: cluster.stages.map(RunningPipeline.Stage.init),
                plan: cluster.document, observe: { cluster.observe() })
            try await generator.serve { _ in try await body(pipeline) }
        } catch {
            await cluster.close()
            throw error
        }
        await cluster.close()
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
