// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import ClusterWorker
import ModelTestSupport
import Synchronization
import Testing

/// A model whose token ``NonFiniteTests/poison`` is infinite, and no other.
@Suite struct NonFiniteTests {
    private static let poison: UInt32 = 7

    private static let packed = Result {
        var builder = TinyModel.builder("llama")
        builder.change("token_embd.weight") { tensor in
            let row = Int(poison) * TinyModel.hidden * 2
            tensor.data.replaceSubrange(row..<row + 2, with: littleEndian(Float16.infinity.bitPattern))
        }
        return try openModel(builder.bytes)
    }

    /// A pipeline of this process, and what it returns.
    private final class Run: Sendable {
        private let pipeline: LocalPipeline
        private let outcomes: AsyncStream<StepOutcome>
        private let reading: Task<Void, any Error>
        private let nextID = Mutex<UInt64>(1)

        init(cuts: [Int]) throws {
            let file = try packed.get()
            let settings = StageSettings(
                cache: CacheShape(slots: 3, context: 64), stepTokensMax: 16, headType: .exact,
                segmentLayers: 1)
            let stages = try LayerRange.cut(layerCount: TinyModel.layers, before: cuts).map { layers in
                try StageLoader.load(
                    model: file.description, layers: layers, settings: settings, kernels: Kernels(),
                    pool: ComputePool(threadCount: 1)
                ) { kind, body in try file.pack(kind).withBytes(body) }
            }
            let pipeline = LocalPipeline(stages: stages)
            let (outcomes, source) = AsyncStream<StepOutcome>.makeStream()
            self.pipeline = pipeline
            self.outcomes = outcomes
            reading = Task {
                defer { source.finish() }
                try await pipeline.run { source.yield($0) }
            }
        }

        func open(_ slot: UInt32, prefix: SharedPrefix? = nil) {
            pipeline.send(.open(Opening(slot: slot, sampling: .init(), promptTokenCount: 4, prefix: prefix)))
        }

        func close(_ slot: UInt32) { pipeline.send(.close(slot: slot)) }

        /// - Throws: why the pipeline ended, if it did.
        func step(_ entries: [StepEntry]) async throws -> [StepResult] {
            let id = nextID.withLock { id in
                defer { id += 1 }
                return id
            }
            pipeline.send(.step(Step(id: id, entries: entries)))
            for await outcome in outcomes { return outcome.results }
            try await reading.value
            throw CancellationError()
        }
    }

    private static func entries(
        _ tokens: [UInt32], _ slot: UInt32, from position: Int = 0, samples: Bool = true
    ) -> [StepEntry] {
        tokens.enumerated().map { index, token in
            StepEntry(
                slot: slot, position: UInt32(position + index), token: token,
                output: samples && index == tokens.count - 1 ? .sample : .none)
        }
    }

    @Test(arguments: [[], [1]])
    func `a sequence that is not finite ends alone, and changes no bit of the others`(
        cuts: [Int]
    ) async throws {
        let alone = try Run(cuts: cuts)
        alone.open(0)
        var expected = try await alone.step(Self.entries([1, 2, 3], 0))
        expected += try await alone.step(Self.entries([4], 0, from: 3))

        let run = try Run(cuts: cuts)
        run.open(0)
        run.open(1)
        let first = try await run.step(
            Self.entries([5, Self.poison, 6], 1) + Self.entries([1, 2, 3], 0))
        #expect(first.map(\.failure) == [.notFinite, nil])
        // What is under way for it already comes back as well.
        let second = try await run.step(Self.entries([4], 0, from: 3) + Self.entries([8], 1, from: 3))
        #expect(second.map(\.failure) == [nil, .notFinite])
        #expect([first[1], second[0]] == expected)

        run.close(1)
        run.open(1)
        let third = try await run.step(Self.entries([1, 2, 3], 1))
        #expect(third[0].token == expected[0].token && third[0].logProbability == expected[0].logProbability)
    }

    @Test(arguments: [[], [1]])
    func `of a prompt in pieces the last one says that an earlier one was not finite`(
        cuts: [Int]
    ) async throws {
        let run = try Run(cuts: cuts)
        run.open(0)
        #expect(try await run.step(Self.entries([1, Self.poison], 0, samples: false)) == [])
        #expect(try await run.step(Self.entries([2, 3], 0, from: 2)).map(\.failure) == [.notFinite])
        // Who takes over what could not be computed is told the same; what came before it can be had.
        run.open(1, prefix: SharedPrefix(slot: 0, tokenCount: 2))
        #expect(try await run.step(Self.entries([2], 1, from: 2)).map(\.failure) == [.notFinite])
    }

    @Test(arguments: [[], [1]])
    func `what a stage refuses ends the sequence that it concerns`(cuts: [Int]) async throws {
        let run = try Run(cuts: cuts)
        run.open(0)
        run.open(1)
        let gap = Self.entries([1], 1, from: 9)
        let closed = Self.entries([1], 2)
        let unknown = Self.entries([UInt32(TinyModel.vocabulary)], 1)
        for (entries, failures) in [
            (gap, [.refused, nil]), (closed, [.refused, nil]), (unknown, [.refused, nil]),
        ] as [([StepEntry], [SequenceFailure?])] {
            let results = try await run.step(entries + Self.entries([1, 2, 3], 0))
            #expect(results.map(\.failure) == failures)
            run.close(1)
            run.open(1)
        }
        run.open(2, prefix: SharedPrefix(slot: 0, tokenCount: 60))
        #expect(try await run.step(Self.entries([1], 2, from: 60)).map(\.failure) == [.refused])
    }
}
