// SPDX-License-Identifier: MIT
import AdminAPI
package import BitNetCore
package import BitNetFormats
package import BitNetTokenizer
package import ClusterCoordinator
package import TextGeneration

/// Brings a pipeline up, on workers or in this process, and lets it go.
package struct PipelineHost: Sendable {
    package var model: ModelFile
    package var place: PipelinePlace
    package var request: PipelineRequest
    /// How conversations are written, if any are to be answered.
    package var template: ChatTemplate?
    /// Where converted weights are kept; `nil` keeps none.
    package var store: ModelStore?
    /// What is left of an earlier run on the same workers.
    package var standing: ClusterStanding

    package init(
        model: ModelFile, place: PipelinePlace, request: PipelineRequest, template: ChatTemplate? = nil,
        store: ModelStore? = nil, standing: ClusterStanding = ClusterStanding()
    ) {
        self.model = model
        self.place = place
        self.request = request
        self.template = template
        self.store = store
        self.standing = standing
    }

    /// Brings the stages up, tells `onEvent` about it, and lets them go when `body` has returned.
    ///
    /// - Parameter generator: what goes on with them; a new one if there is none yet.
    /// - Throws: what `body` throws, or what keeps the pipeline from coming up or going on.
    package func run(
        _ generator: Generator? = nil, onEvent: @escaping @Sendable (ClusterEvent) -> Void,
        _ body: @escaping @Sendable (RunningPipeline) async throws -> Void
    ) async throws {
        let generator =
            try generator ?? Generator(codec: TextCodec(tokenizer: model.tokenizer(), template: template))
        let stages = try await stages(onEvent)
        let plan = stages.plan
        let pipeline = Generator.Pipeline(
            stages.pipeline,
            schedule: GenerationSchedule(
                stageCount: stages.reports.count, slotCount: plan.slots, contextLength: plan.contextLength,
                vocabularySize: model.description.vocabularySize, prefillChunk: request.prefillChunk,
                groupCount: stages.groupCount, waitingMax: request.waitingMax,
                stepTokensMax: StepLayout.entryCountMax(hidden: model.description.hiddenSize),
                draftTokensMax: request.draftTokensMax),
            stages: stages.reports.map { StageStatistics(name: $0.worker, layers: $0.layers) })
        let running = RunningPipeline(
            generator: generator, stages: stages.reports, plan: plan, observe: stages.observe)
        do {
            try await generator.serve(pipeline) { _ in try await body(running) }
        } catch {
            await stages.close()
            throw error
        }
        await stages.close()
    }

    private func stages(
        _ onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) async throws -> HostedStages {
        switch place {
        case .workers(let path):
            try await HostedStages(
                onWorkersOf: path, model: model, request: request, store: store, standing: standing,
                onEvent: onEvent)
        case .process(let local):
            try HostedStages(
                ProcessStages(model: model, local: local, request: request, onEvent: onEvent), store: store)
        }
    }
}
