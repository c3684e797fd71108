// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import Testing

/// A model with quantised embedding and head computes what it computes with the tables of their floats.
@Suite struct QuantisedTableTests {
    private struct Table {
        let encoding: TensorEncoding
        var bytes: [UInt8]

        init(_ rows: QuantisedRows) {
            encoding = rows.encoding
            bytes = rows.bytes
        }

        init(floatsOf rows: QuantisedRows) {
            encoding = .float32
            bytes = rows.floats.flatMap { float in
                withUnsafeBytes(of: float.bitPattern.littleEndian) { Array($0) }
            }
        }
    }

    private static func model(isTied: Bool) -> ModelDescription {
        ModelDescription(
            name: "quantised",
            shape: .init(
                layerCount: 2, hiddenSize: 256, feedForwardSize: 336, headCount: 4, keyValueHeadCount: 2,
                headSize: 64, vocabularySize: 301, hasSubNorms: false),
            contextLength: 64, normEpsilon: 1e-5, ropeBase: 10_000, activation: .siLU,
            rotaryPairing: .halves, hasTiedHead: isTied)
    }

    private static func rows(_ encoding: TensorEncoding, seed: UInt64) -> QuantisedRows {
        QuantisedRows(encoding, rows: 301, columns: 256, seed: seed)
    }

    private static func weights(
        _ model: ModelDescription, embedding: Table, head: Table, headType: HeadType, kernels: KernelChoice,
        pool: ComputePool
    ) throws -> StageWeights {
        let synthetic = SyntheticParts(model: model)
        var weights = try StageWeights(
            model: model, layers: #require(LayerRange(first: 0, end: model.layerCount)),
            kernels: Kernels(kernels), headType: headType)
        for kind in weights.missingParts {
            guard kind == .embedding || kind == .head else {
                try synthetic.withPart(kind) { try weights.load(kind: kind, part: $0, pool: pool) }
                continue
            }
            let isHead = kind == .head && !model.hasTiedHead
            let table = isHead ? head : embedding
            let layout = try #require(
                PartLayout([
                    (isHead ? .head : .embedding, table.encoding, model.vocabularySize, model.hiddenSize)
                ]))
            let buffer = AlignedBuffer(byteCount: layout.byteCount)
            buffer.bytes.copyBytes(from: layout.header(scales: [1]))
            UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[layout.entries[0].range])
                .copyBytes(from: table.bytes)
            try buffer.withBytes { try weights.load(kind: kind, part: PartView(bytes: $0), pool: pool) }
        }
        return weights
    }

    private static func local(
        _ model: ModelDescription, embedding: Table, head: Table, headType: HeadType, kernels: KernelChoice
    ) throws -> LocalModel {
        let pool = try ComputePool(threadCount: 2)
        let weights = try weights(
            model, embedding: embedding, head: head, headType: headType, kernels: kernels, pool: pool)
        return LocalModel(stages: [
            try Stage(
                weights: weights, cache: CacheShape(slots: 1, context: 64, type: .f32),
                tokensPerStepMax: 16, pool: pool)
        ])
    }

    @Test(arguments: QuantisedRows.encodings, [false, true])
    func `all probabilities have the floats' bits on every instruction set`(
        encoding: TensorEncoding, isTied: Bool
    ) throws {
        let model = Self.model(isTied: isTied)
        let (embedding, head) = (Self.rows(encoding, seed: 1), Self.rows(encoding, seed: 2))
        let ids: [UInt32] = [3, 300, 0, 17, 17, 42, 250, 8, 9]
        func probabilities(_ kernels: KernelChoice, _ make: (QuantisedRows) -> Table) throws -> [UInt32] {
            try Self.local(
                model, embedding: make(embedding), head: make(head), headType: .exact, kernels: kernels
            ).logProbabilities(ids, chunk: 6).flatMap { $0.map(\.bitPattern) }
        }
        let expected = try probabilities(.scalar) { Table(floatsOf: $0) }
        #expect(Set(expected).count > 1000)
        for kernels in KernelChoice.available {
            #expect(try probabilities(kernels) { Table($0) } == expected, "\(kernels)")
        }
    }

    @Test(arguments: QuantisedRows.encodings)
    func `the fast head chooses the floats' tokens on every instruction set`(
        encoding: TensorEncoding
    ) throws {
        let model = Self.model(isTied: false)
        // As the usual conversions have it, embedding and head are written differently.
        let embedding = Self.rows(.q4K, seed: 3)
        let head = Self.rows(encoding, seed: 4)
        var drawing = SamplingParameters()
        drawing.temperature = 1
        drawing.topK = 40
        for sampling in [SamplingParameters(), drawing] {
            let expected = try Self.local(
                model, embedding: Table(floatsOf: embedding), head: Table(floatsOf: head), headType: .exact,
                kernels: .scalar
            ).generate([5, 6, 7], count: 12, sampling: sampling)
            for kernels in KernelChoice.available {
                let actual = try Self.local(
                    model, embedding: Table(embedding), head: Table(head), headType: .fast, kernels: kernels
                ).generate([5, 6, 7], count: 12, sampling: sampling)
                #expect(actual == expected, "\(kernels)")
            }
        }
    }

    @Test(arguments: [false, true], [HeadType.exact, .fast])
    func `tables keep their size in memory, as the account says`(isTied: Bool, headType: HeadType) throws {
        let model = Self.model(isTied: isTied)
        let pool = try ComputePool(threadCount: 1)
        func weights(_ embedding: Table, _ head: Table) throws -> StageWeights {
            try Self.weights(
                model, embedding: embedding, head: head, headType: headType, kernels: .auto, pool: pool)
        }
        let (embedding, head) = (Self.rows(.q4K, seed: 5), Self.rows(.q6K, seed: 6))
        let quantised = try weights(Table(embedding), Table(head))
        let account = MemoryAccount(
            model: model,
            settings: StageSettings(
                cache: CacheShape(slots: 1, context: 1), stepTokensMax: 1, headType: headType),
            tables: TableEncodings(embedding: .q4K, head: isTied ? nil : .q6K),
            machine: quantised.kernels.machine(threadCount: 1))
        #expect(quantised.byteCount == account.memory(of: quantised.layers).weights)
        let floats = try weights(Table(floatsOf: embedding), Table(floatsOf: head))
        let saved = 301 * (isTied ? 1024 - 144 : 2048 - 144 - 210)
        #expect(floats.byteCount - quantised.byteCount == UInt64(saved))
    }

    @Test(arguments: QuantisedRows.encodings)
    func `a scale that is not finite is refused with part and row`(encoding: TensorEncoding) throws {
        let good = Self.rows(encoding, seed: 7)
        let rowByteCount = encoding.rowByteCount(columns: 256)
        for (part, row, half) in [("embedding", 0, 0x7C00), ("head", 300, 0xFE00), ("head", 12, 0xFC00)] {
            for offset in good.scaleOffsets {
                var bad = good
                // The row's last block.
                let scale = (row + 1) * rowByteCount - good.blockByteCount + offset
                bad.bytes[scale] = UInt8(half & 0xFF)
                bad.bytes[scale + 1] = UInt8(half >> 8)
                let error = #expect(throws: EngineError.self) {
                    try Self.local(
                        Self.model(isTied: false), embedding: Table(part == "embedding" ? bad : good),
                        head: Table(part == "head" ? bad : good), headType: .fast, kernels: .auto)
                }
                #expect(error?.code == .invalidPart)
                #expect(error?.message.contains(part) == true)
                #expect(error?.message.contains("row \(row) ") == true)
            }
        }
    }
}
