// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import ModelTestSupport
import Testing

@Suite struct PackTests {
    @Test func `a part's length is known before it is packed`() throws {
        for architecture in ["bitnet-b1.58", "llama"] {
            let model = try openModel(TinyModel.builder(architecture).bytes)
            let kinds = ModelFile.kinds(of: model.description)
            #expect(model.partByteCounts.map(\.kind) == kinds)
            for (kind, byteCount) in model.partByteCounts {
                let part = try model.pack(kind)
                #expect(try UInt64(part.withBytes { $0.count }) == byteCount)
                #expect(part.reference.byteCount == byteCount)
                let digest = try part.withBytes { ContentDigest.of($0) }
                #expect(part.reference.digest == digest)
                #expect(part.kind == kind)
            }
        }
    }

    @Test func `a stage's size counts a tied head once`() throws {
        let tied = try openModel(TinyModel.builder().bytes)
        let whole = try #require(LayerRange(first: 0, end: 2))
        let last = try #require(LayerRange(first: 1, end: 2))
        let layer = tied.size(of: .layer(0))
        let attention: UInt64 = 2 * 12 * 12 + 2 * 12 * 6
        #expect(layer.ternaryWeightCount == attention + 3 * 12 * 17)
        #expect(layer.otherByteCount == 4 * (12 * 3 + 17))
        #expect(tied.size(of: .embedding).otherByteCount == 12 * 22 * 2)
        let norm = tied.byteCount(of: .outputNorm)
        let table = tied.byteCount(of: .embedding)
        #expect(tied.size(ofStages: [whole]).byteCount == 2 * layer.byteCount + norm + table)
        #expect(tied.size(ofStages: [last]).byteCount == layer.byteCount + norm + table)
        let untied = try openModel(TinyModel.builder("llama").bytes)
        let tables: UInt64 = 2 * 12 * 22 * 2
        let gains: UInt64 = 5 * 12 * 4
        #expect(untied.size(ofStages: [whole]).otherByteCount == tables + gains)
    }

    @Test func `a tied head is the embedding's file, an untied one is not`() throws {
        let tied = try openModel(TinyModel.builder().bytes)
        #expect(try tied.pack(.head).reference.digest == tied.pack(.embedding).reference.digest)
        let untied = try openModel(TinyModel.builder("llama").bytes)
        let head = try untied.pack(.head)
        #expect(try head.reference.digest != untied.pack(.embedding).reference.digest)
        try head.withView { view in
            try view.check(.head, of: untied.description)
            #expect(view.tensors[.head]?.encoding == .float16)
        }
    }

    @Test func `equal weights give equal parts whatever the file's type for them`() throws {
        let shape: (UInt64, UInt64) = (12, 17)
        let trits = TinyModel.trits(12 * 17, seed: 5)
        let encodings: [(UInt32, [UInt8])] = [
            (0, trits.flatMap { littleEndian((Float($0) * 0.5).bitPattern) }),
            (1, trits.flatMap { littleEndian((Float16($0) * 0.5).bitPattern) }),
            (30, trits.flatMap { littleEndian(UInt16((Float($0) * 0.5).bitPattern >> 16)) }),
            // −0 is a zero.
            (1, trits.flatMap { littleEndian($0 == 0 ? 0x8000 : (Float16($0) * 0.5).bitPattern) }),
        ]
        let digests = try encodings.map { type, data in
            var builder = TinyModel.builder()
            let index = try #require(
                builder.tensors.firstIndex { $0.name == Array("blk.0.ffn_up.weight".utf8) })
            builder.tensors[index] = .init("blk.0.ffn_up.weight", [shape.0, shape.1], type, data)
            return try openModel(builder.bytes).pack(.layer(0)).reference.digest
        }
        #expect(Set(digests).count == 1)
    }

    /// The tiny model with rows of 256 so that matrices may come in blocks; `blocks` fill the query matrix.
    static func blockModel(_ block: TernaryBlock, _ blocks: [[UInt8]]) -> GGUFBuilder {
        var builder = TinyModel.builder("llama")
        builder.set("llama.embedding_length", integer: 256)
        builder.set("llama.attention.head_count", integer: 1)
        builder.set("llama.block_count", integer: 1)
        builder.set("llama.attention.key_length", integer: 2)
        builder.tensors.removeAll { $0.name.starts(with: "blk.1.".utf8) }
        func set(_ name: String, _ dimensions: [UInt64], _ type: UInt32, _ data: [UInt8]) {
            builder.change(name) { $0 = .init(name, dimensions, type, data) }
        }
        let zeros = [UInt8](repeating: 0, count: 256 * 22 * 2)
        set("token_embd.weight", [256, 22], 1, zeros)
        set("output.weight", [256, 22], 1, zeros)
        for norm in ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"] {
            set("\(norm).weight", [256], 0, TinyModel.gains(256))
        }
        set("blk.0.attn_q.weight", [256, 2], block == .tq1 ? 34 : 35, blocks.flatMap(\.self))
        for name in ["attn_k", "attn_v"] {
            set("blk.0.\(name).weight", [256, 2], 1, TinyModel.ternary16(512, seed: 1))
        }
        set("blk.0.attn_output.weight", [2, 256], 1, TinyModel.ternary16(512, seed: 2))
        for name in ["ffn_gate", "ffn_up"] {
            set("blk.0.\(name).weight", [256, 17], 1, TinyModel.ternary16(256 * 17, seed: 3))
        }
        set("blk.0.ffn_down.weight", [17, 256], 1, TinyModel.ternary16(256 * 17, seed: 4))
        return builder
    }

    static func withScale(_ block: TernaryBlock, _ bits: UInt16, isZero: Bool = false) -> [UInt8] {
        var bytes = BlockVector.bytes(block)
        if isZero {
            // Code 1 everywhere: 121 (111₃ and so on) in TQ1_0 form, 01 01 01 01 in TQ2_0.
            let codes =
                block == .tq1
                ? [UInt8](repeating: 128, count: 48) + [UInt8](repeating: 127, count: 4)
                : [UInt8](repeating: 0b0101_0101, count: 64)
            bytes.replaceSubrange(0..<codes.count, with: codes)
        }
        bytes.replaceSubrange(block.scaleOffset..<block.byteCount, with: littleEndian(bits))
        return bytes
    }

    @Test(arguments: [TernaryBlock.tq1, .tq2])
    func `blocks of one scale become T5, empty blocks do not count`(block: TernaryBlock) throws {
        let good = BlockVector.bytes(block)
        let empty = Self.withScale(block, 0, isZero: true)
        for blocks in [[good, good], [empty, good], [good, empty]] {
            let part = try openModel(Self.blockModel(block, blocks).bytes).pack(.layer(0))
            try part.withView { view in
                let query = try #require(view.tensors[.query])
                #expect(query.scale == 0.5)
                for (row, bytes) in blocks.enumerated() {
                    let expected = bytes == good ? BlockVector.trits : [Int8](repeating: 0, count: 256)
                    #expect(T5.trits(query.row(row), columns: 256) == expected)
                }
            }
        }
        let part = try openModel(Self.blockModel(block, [empty, empty]).bytes).pack(.layer(0))
        #expect(try part.withView { $0.tensors[.query]?.scale } == 0)
    }

    @Test(
        arguments: [TernaryBlock.tq1, .tq2],
        [
            (Float16(-0.5).bitPattern, .badScale), (Float16.nan.bitPattern, .badScale),
            (Float16.infinity.bitPattern, .badScale),
        ] as [(UInt16, ModelFileError.Code)])
    func `a block scale that does not fit is refused`(
        block: TernaryBlock, fault: (bits: UInt16, code: ModelFileError.Code)
    ) throws {
        let blocks = [BlockVector.bytes(block), Self.withScale(block, fault.bits)]
        let model = try openModel(Self.blockModel(block, blocks).bytes)
        let error = #expect(throws: ModelFileError.self) { try model.pack(.layer(0)) }
        #expect(error?.code == fault.code)
        #expect(error?.subject == "blk.0.attn_q.weight")
        let tensor = try #require(model.tensor(named: "blk.0.attn_q.weight"))
        #expect(error?.offset == tensor.offset + block.byteCount)
    }

    @Test(arguments: [TernaryBlock.tq1, .tq2])
    func `a code that no encoder writes is refused`(block: TernaryBlock) throws {
        var bad = BlockVector.bytes(block)
        bad[3] = block == .tq1 ? 1 : 0xFF
        let model = try openModel(Self.blockModel(block, [bad, bad]).bytes)
        let error = #expect(throws: ModelFileError.self) { try model.pack(.layer(0)) }
        #expect(error?.code == .badCode)
    }

    @Test func `plain floats of more than three values are refused with their number`() throws {
        var builder = TinyModel.builder()
        builder.change("blk.0.attn_q.weight") { tensor in
            let values: [Float16] = [0.5, -0.5, 0, 0.25, 1]
            tensor.data = (0..<144).flatMap { littleEndian(values[$0 % 5].bitPattern) }
        }
        let model = try openModel(builder.bytes)
        let error = #expect(throws: ModelFileError.self) { try model.pack(.layer(0)) }
        #expect(error?.code == .notTernary)
        #expect(error?.message.contains("not ternary: 5 distinct values") == true)
    }

    @Test func `weights and gains that are not finite are refused`() throws {
        var builder = TinyModel.builder()
        builder.change("blk.0.attn_q.weight") { tensor in
            tensor.data = (0..<144).flatMap { _ in littleEndian(Float16.infinity.bitPattern) }
        }
        builder.change("output_norm.weight") { $0.data.replaceSubrange(0..<4, with: [0, 0, 0xC0, 0x7F]) }
        let model = try openModel(builder.bytes)
        #expect(throws: ModelFileError.self) { try model.pack(.layer(0)) }
        let error = #expect(throws: ModelFileError.self) { try model.pack(.outputNorm) }
        #expect(error?.code == .notFinite)
    }

    @Test func `a scale in a tensor of its own is multiplied in`() throws {
        var builder = TinyModel.builder()
        builder.tensors.append(.init("blk.0.attn_q.scale", [1], 0, littleEndian(Float(3).bitPattern)))
        let part = try openModel(builder.bytes).pack(.layer(0))
        #expect(try part.withView { $0.tensors[.query]?.scale } == 1.5)
        builder.change("blk.0.attn_q.scale") { $0.data = littleEndian(Float.nan.bitPattern) }
        let model = try openModel(builder.bytes)
        #expect(throws: ModelFileError.self) { try model.pack(.layer(0)) }
    }
}
