// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetSynthesis
import Testing

/// The account of a stage's memory beside what a stage allocates.
@Suite struct MemoryAccountTests {
    /// Sizes that fill no tile, step, vector or group.
    private static let shapes: [ModelDescription.Shape] = [
        .init(
            layerCount: 3, hiddenSize: 256, feedForwardSize: 333, headCount: 6, keyValueHeadCount: 2,
            headSize: 34,
            vocabularySize: 1001, hasSubNorms: true),
        .init(
            layerCount: 3, hiddenSize: 512, feedForwardSize: 65, headCount: 3, keyValueHeadCount: 3,
            headSize: 100,
            vocabularySize: 31, hasSubNorms: false),
    ]

    private static func model(_ shape: ModelDescription.Shape, isTied: Bool) -> ModelDescription {
        ModelDescription(
            name: "account", shape: shape, contextLength: 256, normEpsilon: 1e-5, ropeBase: 10_000,
            activation: .siLU, rotaryPairing: .halves, hasTiedHead: isTied)
    }

    /// A stage of weights that are all alike.
    private static func stage(
        _ account: MemoryAccount, _ layers: LayerRange, _ kernels: Kernels
    ) throws -> Stage {
        try StageLoader.load(
            model: account.model, layers: layers, settings: account.settings, kernels: kernels,
            pool: ComputePool(threadCount: account.machine.threadCount)
        ) { kind, body in
            let shapes = TensorShape.all(of: kind, in: account.model)
            let layout = try #require(
                PartLayout(
                    shapes.map { shape in
                        let table = kind == .head ? account.tables.head : account.tables.embedding
                        let encoding: TensorEncoding =
                            switch shape.form {
                            case .ternary: .t5
                            case .gains: .float32
                            case .table: table
                            }
                        return (shape.role, encoding, shape.rows, shape.columns)
                    }))
            let buffer = AlignedBuffer(byteCount: layout.byteCount)
            buffer.bytes.copyBytes(from: layout.header(scales: shapes.map { _ in 1 }))
            for entry in layout.entries where entry.encoding == .t5 {
                UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[entry.range])
                    .initializeMemory(as: UInt8.self, repeating: 121)
            }
            try buffer.withBytes(body)
        }
    }

    @Test(arguments: KernelChoice.available, CacheType.allCases)
    func `a stage allocates what was accounted for it`(choice: KernelChoice, cacheType: CacheType) throws {
        var random = TestRandom(UInt64(cacheType.rawValue.utf8.count))
        let encodings: [TensorEncoding] = [.float32, .float16, .bfloat16, .q8Zero, .q4Zero, .q4K, .q6K]
        for headType in HeadType.allCases {
            for shape in Self.shapes {
                for isTied in [false, true] {
                    let account = MemoryAccount(
                        model: Self.model(shape, isTied: isTied),
                        settings: StageSettings(
                            cache: CacheShape(
                                slots: .random(in: 1...5, using: &random),
                                context: .random(in: 1...100, using: &random), type: cacheType),
                            prefillChunk: .random(in: 1...64, using: &random), hiddenSize: 64,
                            headType: headType, keepsStates: isTied),
                        tables: TableEncodings(
                            embedding: encodings[.random(in: encodings.indices, using: &random)],
                            head: isTied ? nil : encodings[.random(in: encodings.indices, using: &random)]),
                        machine: try Kernels(choice, dotTokensMin: .random(in: 1...70, using: &random))
                            .machine(threadCount: .random(in: 1...3, using: &random)))
                    try Self.check(account, choice)
                }
            }
        }
    }

    private static func check(_ account: MemoryAccount, _ choice: KernelChoice) throws {
        let kernels = try Kernels(choice, dotTokensMin: account.machine.dotTokensMin ?? 1)
        for (first, end) in [(0, 3), (0, 1), (1, 2), (2, 3)] {
            let layers = try #require(LayerRange(first: first, end: end))
            let real = try stage(account, layers, kernels).memory
            let accounted = account.memory(of: layers)
            #expect(accounted.weights == real.weights, "\(account), layers \(layers)")
            #expect(accounted.cache == real.cache, "\(account), layers \(layers)")
            #expect(accounted.scratch >= real.scratch, "\(account), layers \(layers)")
            #expect(accounted.total * 20 <= real.total * 21, "\(account), layers \(layers)")
        }
    }

    @Test(arguments: InstructionSet.allCases, [1, 3, 64, Int.max])
    func `a machine of which nothing is known is accounted for no less than any`(
        set: InstructionSet, dotTokensMin: Int
    ) throws {
        for shape in Self.shapes + ModelShape.allCases.map(\.sizes) {
            for threadCount in [1, StageMachine.unknown.threadCount] {
                func account(_ machine: StageMachine) -> MemoryAccount {
                    MemoryAccount(
                        model: Self.model(shape, isTied: false),
                        settings: StageSettings(
                            cache: CacheShape(slots: 4, context: 256), prefillChunk: 64, hiddenSize: 64,
                            headType: .fast),
                        tables: TableEncodings(), machine: machine)
                }
                let any = account(.unknown)
                let one = account(
                    StageMachine(isa: set.rawValue, threadCount: threadCount, dotTokensMin: dotTokensMin))
                #expect(any.layerWeightByteCount >= one.layerWeightByteCount)
                for isLast in [false, true] {
                    #expect(any.scratchByteCount(isLast: isLast) >= one.scratchByteCount(isLast: isLast))
                }
            }
        }
    }

    @Test(arguments: InstructionSet.allCases, [ModelShape.twoBillion, .eightBillion, .seventyBillion])
    func `not to know a worker's products costs less than a twentieth`(
        set: InstructionSet, shape: ModelShape
    ) throws {
        let layers = try #require(LayerRange(first: 0, end: shape.sizes.layerCount / 2))
        let totals = [nil, 2].map { dotTokensMin in
            MemoryAccount(
                model: shape.description,
                settings: StageSettings(
                    cache: CacheShape(slots: 16, context: 4096), prefillChunk: 64, hiddenSize: 64,
                    headType: .fast),
                tables: TableEncodings(),
                machine: StageMachine(isa: set.rawValue, threadCount: 8, dotTokensMin: dotTokensMin)
            ).memory(of: layers).total
        }
        #expect(totals[0] >= totals[1])
        #expect(totals[0] * 20 <= totals[1] * 21)
    }

    @Test func `instruction sets go by the names of their kernels`() throws {
        for choice in KernelChoice.allCases where choice != .auto {
            #expect(InstructionSet(rawValue: choice.rawValue) != nil, "\(choice)")
        }
        for choice in KernelChoice.available {
            #expect(try Kernels(choice).machine(threadCount: 1).layouts.count == 1, "\(choice)")
        }
        #expect(StageMachine(isa: "later", threadCount: 1).layouts.count == InstructionSet.allCases.count)
    }

    @Test func `threads are clamped to what a pool can have`() {
        #expect(StageMachine(isa: "avx2", threadCount: 0).threadCount == 1)
        #expect(StageMachine(isa: "avx2", threadCount: .max).threadCount == Limits.threadsMax)
    }
}
