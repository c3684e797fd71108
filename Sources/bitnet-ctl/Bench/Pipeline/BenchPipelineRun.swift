// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterCoordinator

/// All tests of one run of `bench`, one after another.
struct BenchPipelineRun {
    static let mixedStreamCount = 4

    let pipeline: RunningPipeline
    let model: ModelFile
    let asked: PipelineRequest
    let promptTokenCount: Int
    let tokenCount: Int
    let rounds: Int
    let concurrencies: [Int]
    let mixedTokenCount: Int?
    /// Of a stage in this process, bytes per second.
    let readRate: Double?

    func measure(_ progress: (String) -> Void) async throws -> BenchRecord {
        let bench = PipelineBench(
            generator: pipeline.generator, vocabularySize: model.description.vocabularySize)
        var record = BenchRecord(
            model: model.description.name,
            sizeBytes: model.partByteCounts.reduce(0) { $0 + $1.byteCount },
            parameters: model.parameterCount, processor: Machine.processorName,
            processors: ComputePool.defaultThreadCount,
            workers: Set(pipeline.stages.map(\.worker)).count, stageCount: pipeline.stages.count,
            cacheType: asked.cacheType.rawValue, head: asked.headType.rawValue)
        if promptTokenCount > 0 {
            progress("prompt of \(promptTokenCount) tokens")
            // Brings weights and threads in; does not count.
            _ = try await bench.prefill(tokenCount: promptTokenCount, round: 1 << 20)
            var rates: [Double] = []
            for round in 0..<rounds {
                rates.append(try await bench.prefill(tokenCount: promptTokenCount, round: 2 << 20 + round))
            }
            record.rows.append(.init(test: "pp\(promptTokenCount)", concurrency: 1, tokensPerSecond: rates))
        }
        for count in concurrencies where tokenCount > 0 && count <= pipeline.slotCount {
            progress("\(count) sequence\(count == 1 ? "" : "s")")
            try await decode(count, bench, &record)
        }
        if let mixedTokenCount {
            progress("a prompt of \(mixedTokenCount) tokens beside \(Self.mixedStreamCount) streams")
            let figures = try await bench.mixed(
                streamCount: Self.mixedStreamCount, promptTokenCount: mixedTokenCount, quietTokenCount: 40,
                chunk: asked.prefillChunk)
            record.mixed = .init(
                streams: figures.streamCount, promptTokens: figures.promptTokenCount,
                quietGapP95Ms: figures.quietGapMs, busyGapP95Ms: figures.busyGapMs, chunkMs: figures.chunkMs,
                promptSeconds: figures.promptSeconds)
        }
        return record
    }

    private func decode(_ concurrency: Int, _ bench: PipelineBench, _ record: inout BenchRecord) async throws
    {
        var rates: [Double] = []
        var last: DecodeFigures?
        for round in 0..<rounds {
            let figures = try await bench.decode(
                concurrency: concurrency, tokenCount: tokenCount, round: 3 << 20 + round)
            rates.append(figures.tokensPerSecond)
            last = figures
        }
        record.rows.append(
            .init(test: "tg\(tokenCount)", concurrency: concurrency, tokensPerSecond: rates))
        guard let last else { return }
        record.stages += zip(pipeline.stages, last.stages).enumerated().map { index, stage in
            row(index, stage.0, stage.1, last)
        }
        guard concurrency == 1 else { return }
        record.hopMicros = last.hopMicros
        let readSeconds = pipeline.stages.compactMap(readSeconds)
        if readSeconds.count == pipeline.stages.count {
            record.readRatio = rates.sorted()[rates.count / 2] * readSeconds.reduce(0, +)
        }
    }

    private func row(
        _ index: Int, _ stage: RunningPipeline.Stage, _ counters: StageCounters, _ figures: DecodeFigures
    ) -> BenchRecord.Stage {
        let steps = Double(max(counters.stepCount, 1))
        return BenchRecord.Stage(
            concurrency: figures.concurrency, index: index, worker: stage.worker, layers: "\(stage.layers)",
            threads: stage.threadCount, isa: stage.isa, tokensPerStep: figures.tokensPerStep,
            computeMs: Double(counters.computeMicros) / 1e3 / steps, busy: counters.busyFraction,
            idleMs: Double(counters.idleMicros) / 1e3 / steps,
            sendingMs: Double(counters.sendingMicros) / 1e3 / steps,
            ahead: Double(counters.aheadStepCount) / steps,
            receivedBytesPerStep: Double(counters.receivedBytes) / steps,
            readMs: readSeconds(stage).map { $0 * 1e3 })
    }

    /// What reading a stage's weights once takes on its machine, if that was measured.
    private func readSeconds(_ stage: RunningPipeline.Stage) -> Double? {
        (stage.readBytesPerSecond ?? readRate).map { Double(byteCount(of: stage)) / $0 }
    }

    /// Bytes that a token reads; the fast head reads its int8 copy instead of the table.
    private func byteCount(of stage: RunningPipeline.Stage) -> UInt64 {
        guard asked.headType == .fast, stage.layers.end == model.description.layerCount else {
            return stage.readByteCount
        }
        let (rows, columns) = (model.description.vocabularySize, model.description.hiddenSize)
        return stage.readByteCount - min(model.byteCount(of: .head), stage.readByteCount)
            + HeadType.fast.byteCount(rows: rows, columns: columns)
    }
}
