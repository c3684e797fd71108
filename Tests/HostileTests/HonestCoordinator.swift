// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator
import PipelineHost
import Telemetry
import TextGeneration

/// A coordinator that asks for a few tokens.
struct HonestCoordinator: Sendable {
    static let tokenCount = 3

    private let host: PipelineHost

    init(model: ModelFile, clusterFile: String, store: ModelStore?, measures: Bool, joinTimeout: Duration) {
        var request = PipelineRequest()
        request.slotCount = 2
        request.contextLength = 32
        request.measures = measures
        request.joinTimeout = joinTimeout
        host = PipelineHost(
            model: model, place: .workers(clusterFile: clusterFile), request: request, store: store)
    }

    /// Brings the stages up, has them write, and lets them go.
    func tokens() async throws -> [UInt32] {
        let (tokens, source) = AsyncStream<[UInt32]>.makeStream()
        let write: @Sendable (RunningPipeline) async throws -> Void = { running in
            source.yield(try await Self.tokens(of: running.generator))
        }
        try await host.run(onEvent: { _ in }, write)
        source.finish()
        for await tokens in tokens { return tokens }
        return []
    }

    /// Keeps stages up until they have written, however often they are lost once they were there.
    func supervisedTokens() async throws -> [UInt32] {
        let description = host.model.description
        let generator = try Generator(
            codec: TextCodec(tokenizer: host.model.tokenizer(), template: nil), keepsSequences: true)
        let registry = HostileWorld.registry
        let supervisor = PipelineSupervisor(
            cluster: HostileWorld.cluster,
            model: ModelStatus(
                name: description.name, parameterCount: 0, layerCount: description.layerCount,
                hiddenSize: description.hiddenSize, vocabularySize: description.vocabularySize,
                contextLength: 32, cacheType: "f16"),
            workers: [], generator: generator, log: HostileWorld.log,
            restartDelays: .milliseconds(10)...(.milliseconds(50)))
        let (beginnings, beginning) = AsyncStream<Void>.makeStream()
        return try await withThrowingTaskGroup(of: [UInt32]?.self) { group in
            group.addTask {
                defer { beginning.finish() }
                let bringUp: PipelineSupervisor.BringUp = { generator, onEvent, body in
                    let isUp: @Sendable (RunningPipeline) async throws -> Void = { running in
                        beginning.yield()
                        try await body(running)
                    }
                    try await host.run(generator, onEvent: onEvent, isUp)
                }
                try await supervisor.run(bringUp)
                return nil
            }
            group.addTask {
                for await _ in beginnings { return try await Self.tokens(of: generator) }
                return nil
            }
            defer { group.cancelAll() }
            while let tokens = try await group.next() {
                guard let tokens else { continue }
                // What operators and their machines are told.
                _ = (supervisor.snapshot().status, registry.text())
                return tokens
            }
            throw CancellationError()
        }
    }

    private static func tokens(of generator: Generator) async throws -> [UInt32] {
        let request = GenerationRequest(
            id: "request", prompt: .tokens([1, 2, 3, 4]), tokenCountMax: tokenCount, ignoresStopTokens: true)
        var tokens: [UInt32] = []
        for try await case .token(let token) in generator.generate(request) { tokens.append(token.id) }
        return tokens
    }
}
