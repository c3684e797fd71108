// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import ClusterTestSupport
import Synchronization
import TestSupport
import TextGeneration

/// Pipelines that come up, and are lost, when a test says so.
final class PlayedPipelines: Sendable {
    /// What becomes of one attempt to bring a pipeline up.
    enum Fate: Sendable {
        case comesUp
        case fails(ClusterError)
    }

    /// An attempt that waits for its fate, or serves until it is lost.
    struct Attempt: Sendable {
        fileprivate let fate: AsyncStream<Fate>.Continuation
        fileprivate let loss: AsyncStream<ClusterError>.Continuation
        /// What the supervisor wants to hear of meanwhile.
        let tell: @Sendable (ClusterEvent) -> Void

        func meet(_ fate: Fate) {
            self.fate.yield(fate)
            self.fate.finish()
        }

        func lose(_ error: ClusterError) {
            loss.yield(error)
            loss.finish()
        }
    }

    private static let tokenizer = Result { try Tokenizer.open(path: Repository.storiesModel) }

    private let attempts: AsyncStream<Attempt>
    private let attempt: AsyncStream<Attempt>.Continuation
    /// Those that came up, in order.
    private let pipelines = Mutex<[ScriptedPipeline]>([])

    var cameUp: [ScriptedPipeline] { pipelines.withLock(\.self) }

    init() {
        (attempts, attempt) = AsyncStream.makeStream()
    }

    /// The next attempt, once it is made.
    func next() async throws -> Attempt {
        for await attempt in attempts { return attempt }
        throw CancellationError()
    }

    var bringUp: PipelineSupervisor.BringUp {
        { [self] generator, onEvent, body in
            let (fates, fate) = AsyncStream<Fate>.makeStream()
            let (losses, loss) = AsyncStream<ClusterError>.makeStream()
            attempt.yield(Attempt(fate: fate, loss: loss, tell: onEvent))
            for await fate in fates {
                if case .fails(let error) = fate { throw error }
                let (pipeline, running) = try Self.pipeline(for: generator)
                pipelines.withLock { $0.append(pipeline) }
                return try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await generator.serve(Self.served(pipeline)) { _ in try await body(running) }
                    }
                    group.addTask { for await error in losses { throw error } }
                    defer { group.cancelAll() }
                    for try await _ in group {}
                }
            }
            throw CancellationError()
        }
    }

    static func generator() throws -> Generator {
        Generator(codec: TextCodec(tokenizer: try tokenizer.get(), template: nil), keepsSequences: true)
    }

    private static func served(_ pipeline: ScriptedPipeline) throws -> Generator.Pipeline {
        Generator.Pipeline(
            pipeline,
            schedule: GenerationSchedule(
                stageCount: pipeline.stageCount, slotCount: 2, contextLength: 2048,
                vocabularySize: try tokenizer.get().count),
            stages: try LayerRange.cut(layerCount: 3, before: [1, 2]).map {
                StageStatistics(name: "s", layers: $0)
            })
    }

    private static func pipeline(
        for generator: Generator
    ) throws -> (ScriptedPipeline, RunningPipeline) {
        let stages = try LayerRange.cut(layerCount: 3, before: [1, 2])
        let plan = PlanDocument(
            stages: [],
            settings: StageSettings(
                cache: CacheShape(slots: 2, context: 2048), prefillChunk: 64, hiddenSize: 64, headType: .exact
            ))
        return (
            ScriptedPipeline(),
            RunningPipeline(
                generator: generator, stages: [], plan: plan,
                observe: { stages.map { StageObservation(worker: "a", address: "", layers: $0) } })
        )
    }
}
