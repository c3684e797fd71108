// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator
import CommandLine
import OperatorLogic
import OperatorReports
import PipelineHost
import Synchronization
import TextGeneration

/// Both sides of the comparison.
struct VerifyRun {
    let subject: VerifySubject
    let model: ModelFile
    let threads: Int?
    let console: Console

    func cluster(
        _ gateway: GatewayModel, _ cases: [VerifyCase], _ windows: PerplexityWindows
    ) async throws -> VerifyReadings {
        console.note("verify  \(cases.count) texts from the cluster")
        // Several at a time, so that they meet in steps: what else is in a step must change nothing.
        let traces = try await concurrently(cases.count, limit: ClusterPerplexity.requestsAtATime) { index in
            let item = cases[index]
            return try await gateway.continuation(
                of: item.tokens, item.draw, tokenCountMax: item.tokenCountMax)
        }
        console.note("verify  scores of \(windows.tokenCount) tokens from the cluster")
        return VerifyReadings(
            traces: traces, scores: try await ClusterPerplexity(model: gateway).scores(windows))
    }

    /// The same from stages in this process, cut as the cluster's are.
    func local(_ cases: [VerifyCase], _ windows: PerplexityWindows) async throws -> VerifyReadings {
        console.note("verify  the same in this process, cut before \(subject.cuts)")
        let result = Result()
        var request = PipelineRequest()
        request.slotCount = 1
        request.contextLength = subject.plan.contextLength
        request.cacheType = try subject.cacheType
        request.segmentLayers = subject.plan.segmentLayers ?? 0
        let host = PipelineHost(
            model: model, place: .process(LocalStages(cuts: subject.cuts, threadCount: threads)),
            request: request)
        let show: @Sendable (ClusterEvent) -> Void = { console.show(EventLine($0).notice) }
        try await host.run(onEvent: show) { running in
            for item in cases { result.add(try await item.trace(by: running.generator)) }
            for window in windows.prompts { result.add(try await running.generator.score(window)) }
        }
        return result.readings
    }

    /// The text's perplexity without any cut.
    func uncut(_ tokens: [UInt32], windowLength: Int) throws -> Perplexity? {
        console.note("verify  the text once more without any cut")
        let pool = try ComputePool()
        let local = try LocalModel(
            file: model, cuts: [],
            cache: CacheShape(slots: 1, context: windowLength, type: subject.cacheType),
            pool: pool, kernels: Kernels(.auto, mode: .auto, threadCount: pool.threadCount))
        return try perplexity(tokens: tokens, stages: local.stages)
    }

    private final class Result: Sendable {
        private let state = Mutex(VerifyReadings())

        var readings: VerifyReadings { state.withLock { $0 } }

        func add(_ trace: TokenTrace) { state.withLock { $0.traces.append(trace) } }

        func add(_ scores: [Float]) {
            state.withLock { $0.scores.append(scores.map(TokenTrace.written)) }
        }
    }
}
