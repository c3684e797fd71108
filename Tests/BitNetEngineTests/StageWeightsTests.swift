// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Testing

@Suite struct StageWeightsTests {
    private let file: PackedModel
    private let kernels: Kernels
    private let pool: ComputePool

    init() throws {
        file = try GoldenModel.awkward90.packed()
        kernels = try Kernels()
        pool = try ComputePool(threadCount: 1)
    }

    private func weights(_ layers: Range<Int>) throws -> StageWeights {
        try StageWeights(model: file.description, layers: range(layers), kernels: kernels)
    }

    private func range(_ layers: Range<Int>) throws -> LayerRange {
        try #require(LayerRange(first: layers.lowerBound, end: layers.upperBound))
    }

    private func load(
        _ kind: PartReference.Kind, as other: PartReference.Kind? = nil, of file: PackedModel? = nil,
        into weights: inout StageWeights
    ) throws {
        let part = try (file ?? self.file).part(kind)
        try part.withBytes {
            try weights.load(kind: other ?? kind, part: PartView(bytes: $0), pool: pool)
        }
    }

    @Test func `parts are asked for in manifest order until all are there`() throws {
        let count = file.description.layerCount
        var weights = try weights(0..<count)
        var kinds = ShardManifest.kinds(layers: try range(0..<count), of: file.description)
        #expect(weights.missingParts == kinds)
        while let kind = kinds.popLast() {
            try load(kind, into: &weights)
            #expect(weights.missingParts == kinds)
        }
        _ = try Stage(
            weights: weights, cache: CacheShape(slots: 1, context: 8), tokensPerStepMax: 1, pool: pool)
    }

    @Test func `a stage without a part is refused by name`() throws {
        var weights = try weights(1..<3)
        try load(.layer(1), into: &weights)
        let error = #expect(throws: EngineError.self) {
            try Stage(
                weights: weights, cache: CacheShape(slots: 1, context: 8), tokensPerStepMax: 1, pool: pool)
        }
        #expect(error?.code == .missingPart)
        #expect(error?.message.contains("layer 2") == true)
    }

    @Test func `a part of another stage, or loaded twice, is refused`() throws {
        var weights = try weights(1..<2)
        try load(.layer(1), into: &weights)
        for kind in [PartReference.Kind.layer(1), .layer(0), .layer(2), .embedding, .outputNorm, .head] {
            let error = #expect(throws: EngineError.self) { try load(.layer(1), as: kind, into: &weights) }
            #expect(error?.code == .invalidPart)
            #expect(error?.message.contains("\(kind)") == true)
        }
        #expect(weights.missingParts.isEmpty)
    }

    @Test func `a part of another kind is refused`() throws {
        var weights = try weights(0..<1)
        let error = #expect(throws: EngineError.self) { try load(.layer(0), as: .embedding, into: &weights) }
        #expect(error?.code == .invalidPart)
        #expect(throws: EngineError.self) { try load(.outputNorm, as: .layer(0), into: &weights) }
    }

    @Test func `a part of another model is refused with both shapes`() throws {
        var model = file.description
        model.feedForwardSize += 1
        var weights = try StageWeights(model: model, layers: range(0..<1), kernels: kernels)
        let error = #expect(throws: EngineError.self) { try load(.layer(0), into: &weights) }
        #expect(error?.code == .invalidPart)
        #expect(error?.message.contains("layer 0") == true)
        #expect(error?.message.contains("\(model.feedForwardSize)") == true)
        #expect(error?.message.contains("\(model.feedForwardSize - 1)") == true)
    }

    @Test func `a byte that is no five trits is refused`() throws {
        let part = try GoldenModel.awkward90.file().pack(.layer(0))
        var weights = try weights(0..<1)
        let buffer = try #require(part.memory)
        let error = try part.withBytes { bytes in
            let view = try PartView(bytes: bytes)
            let query = try #require(view.tensors[.query]?.bytes.baseAddress)
            buffer.bytes[query - (try #require(bytes.baseAddress))] = 243
            return #expect(throws: EngineError.self) {
                try weights.load(kind: .layer(0), part: view, pool: pool)
            }
        }
        #expect(error?.code == .invalidPart)
        #expect(error?.message.contains("query") == true)
        #expect(weights.missingParts.contains(.layer(0)))
    }

    @Test func `layers that the model lacks are refused`() throws {
        let count = file.description.layerCount
        let error = #expect(throws: EngineError.self) { try weights(count..<count + 1) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(arguments: GoldenModel.allCases)
    func `the account made beforehand is what the weights then take`(_ golden: GoldenModel) throws {
        let file = try golden.packed()
        let model = file.description
        let encoding = try file.part(.embedding).withBytes {
            try #require(try PartView(bytes: $0).tensors[.embedding]).encoding
        }
        for (cuts, head) in [([], HeadType.exact), ([1], .exact), ([], .fast), ([1], .fast)] {
            let bounds = [0] + cuts + [model.layerCount]
            for (first, end) in zip(bounds, bounds.dropFirst()) {
                let layers = try range(first..<end)
                var weights = try StageWeights(
                    model: model, layers: layers, kernels: kernels, headType: head)
                for kind in weights.missingParts { try load(kind, of: file, into: &weights) }
                let account = MemoryAccount(
                    model: model,
                    settings: StageSettings(
                        cache: CacheShape(slots: 1, context: 1), stepTokensMax: 1, headType: head),
                    tables: TableEncodings(embedding: encoding), machine: kernels.machine(threadCount: 1))
                #expect(weights.byteCount == account.memory(of: layers).weights)
            }
        }
    }

    @Test(arguments: KernelChoice.available)
    func `the account follows the products that may be asked for`(choice: KernelChoice) throws {
        func scratch(_ dotTokensMin: Int, tokens: Int) throws -> UInt64 {
            MemoryAccount(
                model: file.description,
                settings: StageSettings(
                    cache: CacheShape(slots: 2, context: 32), stepTokensMax: tokens, headType: .exact),
                tables: TableEncodings(),
                machine: try Kernels(choice, dotTokensMin: dotTokensMin).machine(threadCount: 1)
            ).scratchByteCount(isLast: false)
        }
        for tokens in [1, 2, 5, 64] {
            let (always, never) = try (scratch(1, tokens: tokens), scratch(.max, tokens: tokens))
            // One product's copy of the codes is what the other's takes or the larger.
            #expect(try scratch(tokens + 1, tokens: tokens) == never)
            #expect(try scratch(tokens, tokens: tokens) >= always)
            #expect(try scratch(tokens, tokens: tokens) <= max(always, never))
        }
        // Only AVX-512's tables are so large that what is never asked for shows.
        if choice == .avx512 { #expect(try scratch(1, tokens: 64) < scratch(.max, tokens: 64)) }
    }

    @Test func `the KV cache is counted by its shape`() throws {
        var model = file.description
        model.keyValueHeadCount = 2
        model.headCount = 2
        model.headSize = 32
        func byteCount(_ type: CacheType) -> UInt64 {
            CacheShape(slots: 5, context: 17, type: type).layerByteCount(model: model)
        }
        // Positions go by sixteen.
        #expect(byteCount(.f32) == 2 * 5 * 32 * 64 * 4)
        #expect(byteCount(.f16) == byteCount(.f32) / 2)
        // A byte for each element, and a scale for each position and head.
        #expect(byteCount(.int8) == 2 * 5 * 32 * (64 + 2 * 4))
    }

    @Test func `configurations are accepted at the limit and refused past it`() throws {
        var weights = try weights(1..<2)
        try load(.layer(1), into: &weights)
        let context = file.description.contextLength
        let table: [(CacheShape, Int, Bool)] = [
            (CacheShape(slots: 1, context: context), 1, true),
            (CacheShape(slots: Limits.slotsMax, context: 1), 1, true),
            (CacheShape(slots: 1, context: 1), Limits.stepTokensMax, true),
            (CacheShape(slots: 0, context: 1), 1, false),
            (CacheShape(slots: Limits.slotsMax + 1, context: 1), 1, false),
            (CacheShape(slots: 1, context: 0), 1, false),
            (CacheShape(slots: 1, context: context + 1), 1, false),
            (CacheShape(slots: 1, context: 1), 0, false),
            (CacheShape(slots: 1, context: 1), Limits.stepTokensMax + 1, false),
            (CacheShape(slots: .max, context: .max), .max, false),
        ]
        for (shape, tokens, isAccepted) in table {
            let made = Result {
                try Stage(weights: weights, cache: shape, tokensPerStepMax: tokens, pool: pool)
            }
            #expect(((try? made.get()) != nil) == isAccepted, "\(shape), \(tokens)")
        }
    }

    @Test func `instruction sets and thread counts that cannot be had are refused with the remedy`() throws {
        #expect(KernelChoice.available.contains(.scalar))
        for choice in KernelChoice.allCases {
            if choice == .auto || KernelChoice.available.contains(choice) {
                let kernels = try Kernels(choice)
                #expect(choice == .auto || kernels.name == choice.rawValue)
            } else {
                let error = #expect(throws: EngineError.self) { try Kernels(choice) }
                #expect(error?.code == .kernelsUnavailable)
                #expect(error?.message.contains("scalar") == true)
            }
        }
        for count in [0, -1, Limits.threadsMax + 1] {
            #expect(throws: EngineError.self) { try ComputePool(threadCount: count) }
        }
        #expect(ComputePool.defaultThreadCount >= 1)
    }
}

extension PackedPart {
    fileprivate var memory: AlignedBuffer? {
        if case .memory(let buffer) = bytes { buffer } else { nil }
    }
}
