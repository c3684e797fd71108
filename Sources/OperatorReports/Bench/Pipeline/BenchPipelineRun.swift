// SPDX-License-Identifier: MIT
import AdminAPI
package import BitNetCore
import BitNetEngine
package import BitNetFormats
package import ClusterCoordinator

/// All tests of one run of `bench`, one after another.
package struct BenchPipelineRun {
    package static let mixedStreamCount = 4

    /// What is measured.
    package struct Tests: Sendable {
        /// Tokens of the prompt that is read; 0 for no such test.
        package var promptTokenCount: Int
        /// Tokens that each sequence generates; 0 for no such test.
        package var tokenCount: Int
        package var rounds: Int
        /// Numbers of sequences at once.
        package var concurrencies: [Int]
        /// Tokens of the prompt that comes among sequences that generate; `nil` for no such test.
        package var mixedTokenCount: Int?
        /// What sequences go on from with and without drafts, as tokens; empty for no such test.
        package var text: [UInt32]

        package init(
            promptTokenCount: Int, tokenCount: Int, rounds: Int, concurrencies: [Int], mixedTokenCount: Int?,
            text: [UInt32] = []
        ) {
            self.promptTokenCount = promptTokenCount
            self.tokenCount = tokenCount
            self.rounds = rounds
            self.concurrencies = concurrencies
            self.mixedTokenCount = mixedTokenCount
            self.text = text
        }
    }

    private let pipeline: RunningPipeline
    private let model: ModelFile
    private let tests: Tests
    private let head: HeadType
    /// Of a stage in this process, bytes per second.
    private let readRate: Double?

    /// - Parameters:
    ///   - head: of the pipeline.
    ///   - readRate: at which stages in this process read memory, bytes per second.
    package init(
        _ pipeline: RunningPipeline, model: ModelFile, head: HeadType, readRate: Double?, _ tests: Tests
    ) {
        self.pipeline = pipeline
        self.model = model
        self.head = head
        self.readRate = readRate
        self.tests = tests
    }

    /// - Parameter progress: is told what comes next.
    /// - Throws: ``PipelineBenchError``, or what the pipeline throws.
    package func measure(_ progress: (String) -> Void) async throws -> BenchRecord {
        let bench = PipelineBench(
            generator: pipeline.generator, vocabularySize: model.description.vocabularySize)
        var record = BenchRecord(
            model: model.description.name,
            sizeBytes: model.partByteCounts.reduce(0) { $0 + $1.byteCount },
            parameters: model.parameterCount, processor: Machine.processorName,
            processors: ComputePool.defaultThreadCount,
            workers: Set(pipeline.stages.map(\.worker)).count, stageCount: pipeline.stages.count,
            cacheType: pipeline.plan.cacheType, head: head.rawValue)
        if tests.promptTokenCount > 0 {
            progress("prompt of \(tests.promptTokenCount) tokens")
            record.rows.append(try await prefill(bench))
        }
        for count in tests.concurrencies where tests.tokenCount > 0 && count <= pipeline.slotCount {
            progress(plural(count, "sequence"))
            try await decode(count, bench, &record)
        }
        for count in tests.concurrencies where !tests.text.isEmpty && count <= pipeline.slotCount {
            progress("drafts, \(plural(count, "sequence"))")
            record.drafting =
                (record.drafting ?? []) + [
                    try await bench.drafting(
                        tests.text, concurrency: count, promptTokenCount: max(tests.promptTokenCount, 1),
                        tokenCount: max(tests.tokenCount, 16), rounds: tests.rounds)
                ]
        }
        if let mixedTokenCount = tests.mixedTokenCount {
            progress("a prompt of \(mixedTokenCount) tokens beside \(Self.mixedStreamCount) streams")
            record.mixed = try await bench.mixed(
                streamCount: Self.mixedStreamCount, promptTokenCount: mixedTokenCount, quietTokenCount: 40,
                chunk: pipeline.plan.prefillChunk)
        }
        return record
    }

    private func prefill(_ bench: PipelineBench) async throws -> BenchRecord.Row {
        let count = tests.promptTokenCount
        // Brings weights and threads in; does not count.
        _ = try await bench.prefill(tokenCount: count, round: 1 << 20)
        var rates: [Double] = []
        for round in 0..<tests.rounds {
            rates.append(try await bench.prefill(tokenCount: count, round: 2 << 20 + round))
        }
        return .init(test: "pp\(count)", concurrency: 1, tokensPerSecond: rates)
    }

    private func decode(_ concurrency: Int, _ bench: PipelineBench, _ record: inout BenchRecord) async throws
    {
        var rates: [Double] = []
        var last: DecodeFigures?
        for round in 0..<tests.rounds {
            let figures = try await bench.decode(
                concurrency: concurrency, tokenCount: tests.tokenCount, round: 3 << 20 + round)
            rates.append(figures.tokensPerSecond)
            last = figures
        }
        record.rows.append(
            .init(test: "tg\(tests.tokenCount)", concurrency: concurrency, tokensPerSecond: rates))
        guard let last else { return }
        record.stages += zip(pipeline.stages, last.stages).enumerated().map { index, stage in
            BenchRecord.StageRow(
                index: index, stage.0, last, stage.1, readMs: readSeconds(stage.0).map { $0 * 1e3 })
        }
        guard concurrency == 1 else { return }
        record.hopMicros = last.hopMicros
        let seconds = pipeline.stages.compactMap(readSeconds)
        if seconds.count == pipeline.stages.count {
            record.readRatio = rates.sorted()[rates.count / 2] * seconds.reduce(0, +)
        }
    }

    /// What reading a stage's weights once takes on its machine, if that was measured.
    private func readSeconds(_ stage: RunningPipeline.Stage) -> Double? {
        (stage.readBytesPerSecond ?? readRate).map { Double(byteCount(of: stage)) / $0 }
    }

    /// Bytes that a token reads; the fast head reads its int8 copy instead of the table.
    private func byteCount(of stage: RunningPipeline.Stage) -> UInt64 {
        guard head == .fast, stage.layers.end == model.description.layerCount else {
            return stage.readByteCount
        }
        let (rows, columns) = (model.description.vocabularySize, model.description.hiddenSize)
        return stage.readByteCount - min(model.byteCount(of: .head), stage.readByteCount)
            + HeadType.fast.byteCount(rows: rows, columns: columns)
    }
}
