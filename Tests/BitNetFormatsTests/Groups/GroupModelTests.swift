// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import Testing

/// Models whose scales are by group, from a file to its parts.
@Suite struct GroupModelTests {
    private func digests(_ model: ModelFile) throws -> [ContentDigest] {
        try ModelFile.kinds(of: model.description).map { try model.pack($0).reference.digest }
    }

    @Test func `the description of a Qwen3 has its head norms, its scales and its rule for activations`()
        throws
    {
        let model = try openModel(GroupModel.builder().bytes)
        var expected = ModelDescription(
            name: "groups",
            shape: .init(
                layerCount: 2, hiddenSize: 256, feedForwardSize: 512, headCount: 2, keyValueHeadCount: 1,
                headSize: 128, vocabularySize: 22, hasSubNorms: false, hasHeadNorms: true),
            contextLength: 256, normEpsilon: 1e-6, ropeBase: 1_000_000, activation: .siLU,
            rotaryPairing: .halves, hasTiedHead: true)
        expected.matrixEncoding = .t5Group128Half
        expected.activationGroup = 128
        #expect(model.description == expected)
        #expect(model.warnings == [])
        #expect(!model.isPlain && !model.description.isPlain)
        #expect(model.tableEncodings == TableEncodings(embedding: .t5Group128Half))
    }

    @Test(arguments: GroupModel.Storage.allCases, [true, false])
    func `equal weights give equal parts in every type`(storage: GroupModel.Storage, isTied: Bool) throws {
        let reference = try openModel(GroupModel.builder(.pq2, isTied: isTied).bytes)
        let model = try openModel(GroupModel.builder(storage, isTied: isTied).bytes)
        #expect(model.description == reference.description)
        #expect(try digests(model) == digests(reference))
        let tables = try [PartReference.Kind.embedding, .head].map { try model.pack($0).reference.digest }
        #expect((tables[0] == tables[1]) == isTied)
    }

    @Test(arguments: GroupModel.Storage.allCases)
    func `parts hold the codes and the scales of the file`(storage: GroupModel.Storage) throws {
        let model = try openModel(GroupModel.builder(storage).bytes)
        try model.pack(.layer(1)).withView { view in
            try view.check(.layer(1), of: model.description)
            #expect(view.tensors[.queryNorm]?.columns == 128 && view.tensors[.keyNorm]?.columns == 128)
            let down = try #require(view.tensors[.down])
            #expect(down.encoding == .t5Group128Half && down.scale == 1)
            #expect(down.rowByteCount == 4 * 28)
            for row in 0..<down.rows {
                let bytes = down.row(row)
                #expect(T5.firstInvalidByte(in: bytes, columns: 512, down.encoding) == nil)
                let codes = GroupModel.codes("blk.1.ffn_down.weight", row: row, columns: 512)
                let scales = GroupModel.scales("blk.1.ffn_down.weight", row: row, columns: 512)
                for group in 0..<4 {
                    let trits = T5.trits(
                        UnsafeRawBufferPointer(rebasing: bytes[group * 26..<group * 26 + 26]), columns: 128)
                    #expect(trits == codes[group * 128..<group * 128 + 128].map { Int8($0) - 1 })
                    let half = bytes.loadUnaligned(fromByteOffset: 4 * 26 + 2 * group, as: UInt16.self)
                    let isEmpty = row == 3 && group == 0
                    #expect(Float(Float16(bitPattern: half)) == (isEmpty ? 0 : scales[group]))
                }
            }
        }
        let size = model.size(of: .embedding)
        #expect(size.ternaryWeightCount == 22 * 256 && size.otherByteCount == 0)
    }

    @Test func `weights without zeros may be single bits`() throws {
        var builder = GroupModel.builder()
        let codes: [UInt8] = (0..<256).map { (index: Int) -> UInt8 in index % 3 == 0 ? 2 : 0 }
        builder.change("blk.0.attn_q.weight") { tensor in
            tensor.type = 41
            tensor.data = (0..<256).flatMap { _ in
                GroupModel.encoded(codes, [0.5, 0.25], .blocks(.q1))
            }
        }
        let model = try openModel(builder.bytes)
        #expect(model.description.matrixEncoding == .t5Group128Half)
        try model.pack(.layer(0)).withView { view in
            let query = try #require(view.tensors[.query])
            let row = query.row(255)
            let trits = T5.trits(UnsafeRawBufferPointer(rebasing: row[..<26]), columns: 128)
            #expect(trits == codes[..<128].map { Int8($0) - 1 })
        }
    }

    // MARK: Granularity

    /// The tensor with another scale for each 64 weights.
    private func scaled(
        _ tensor: inout GGUFBuilder.Tensor, _ storage: TernaryStorage, type: UInt32,
        _ scales: (_ row: Int) -> [Float]
    ) {
        let columns = Int(tensor.dimensions[0])
        let codes = [UInt8](repeating: 2, count: columns)
        tensor.type = type
        tensor.data = (0..<Int(tensor.dimensions[1])).flatMap { row in
            GroupModel.encoded(codes, scales(row), storage)
        }
    }

    @Test func `groups of 64 stay such if any two of a pair differ`() throws {
        var builder = GroupModel.builder(.q2)
        builder.change("blk.1.attn_k.weight") {
            scaled(&$0, .blocks(.q2Group64), type: 42) { _ in [1, 1, 1, 2] }
        }
        let model = try openModel(builder.bytes)
        #expect(model.description.matrixEncoding == .t5Group64Half && model.description.activationGroup == 64)
        try model.pack(.layer(1)).withView { view in
            try view.check(.layer(1), of: model.description)
            let key = try #require(view.tensors[.key])
            #expect(
                Array(key.row(0)[56...]) == [1, 1, 1, 2].flatMap { littleEndian(Float16($0).bitPattern) })
        }
        // Others repeat theirs.
        try model.pack(.layer(0)).withView { view in
            let up = try #require(view.tensors[.up])
            let scales = GroupModel.scales("blk.0.ffn_up.weight", row: 5, columns: 256)
            let halves = scales.flatMap { [$0, $0] }.flatMap { littleEndian(Float16($0).bitPattern) }
            #expect(Array(up.row(5)[56...]) == halves)
        }
    }

    @Test func `half a group without weights has any scale`() throws {
        var builder = GroupModel.builder(.q2)
        builder.change("blk.0.attn_k.weight") {
            scaled(&$0, .blocks(.q2Group64), type: 42) { _ in [1, 0, 0, 2] }
        }
        let model = try openModel(builder.bytes)
        #expect(model.description.matrixEncoding == .t5Group128Half)
        try model.pack(.layer(0)).withView { view in
            let key = try #require(view.tensors[.key])
            #expect(Array(key.row(0)[52...]) == [1, 2].flatMap { littleEndian(Float16($0).bitPattern) })
            let half = T5.trits(UnsafeRawBufferPointer(rebasing: key.row(0)[..<26]), columns: 128)
            #expect(half == [Int8](repeating: 1, count: 64) + [Int8](repeating: 0, count: 64))
        }
    }

    @Test(
        arguments: [
            ([1, 1], 2, .t5Rows), ([1, 1], 1, .t5), ([1, 2], 1, .t5Group256Half),
        ] as [([Float], Float, TensorEncoding)])
    func `blocks of 256 are of a matrix, of rows or of groups`(
        scales: [Float], second: Float, encoding: TensorEncoding
    ) throws {
        // Of a family that is quantised by token.
        var builder = GroupModel.builder(.float16, architecture: "llama")
        for layer in 0..<2 {
            for (name, _, columns) in GroupModel.matrices(layer: layer) {
                builder.change(name) {
                    scaled(&$0, .blocks(.tq2), type: 35) { row in
                        Array(scales.prefix(columns / 256)).map { row == 1 ? $0 * second : $0 }
                    }
                }
            }
        }
        let model = try openModel(builder.bytes)
        #expect(model.description.matrixEncoding == encoding)
        #expect(model.description.activationGroup == (encoding == .t5 ? 0 : encoding.scaleGroup ?? 128))
        #expect(model.tableEncodings.embedding == .float16)
        try model.pack(.layer(0)).withView { view in
            try view.check(.layer(0), of: model.description)
            let down = try #require(view.tensors[.down])
            #expect(down.scale == 1)
            if encoding == .t5Rows {
                #expect(down.rowByteCount == 103 + 4)
                #expect(Array(down.row(1)[103...]) == littleEndian(Float(2).bitPattern))
                #expect(T5.firstInvalidByte(in: down.row(1), columns: 512, .t5Rows) == nil)
            }
            if encoding == .t5Group256Half {
                #expect(
                    Array(down.row(1)[104...]) == [1, 2].flatMap { littleEndian(Float16($0).bitPattern) })
            }
        }
    }

    @Test func `scales that are no numbers of 16 bits are kept in 32`() throws {
        var builder = GroupModel.builder(.float32)
        builder.change("blk.0.attn_q.weight") {
            scaled(&$0, .dense(.float32), type: 0) { [0.1, Float($0 + 1)] }
        }
        let model = try openModel(builder.bytes)
        #expect(model.description.matrixEncoding == .t5Group128)
        try model.pack(.layer(0)).withView { view in
            let query = try #require(view.tensors[.query])
            #expect(Array(query.row(7)[52...]) == [Float(0.1), 8].flatMap { littleEndian($0.bitPattern) })
        }
        // Seen too late.
        var late = GroupModel.builder(.float32)
        late.change("blk.1.attn_q.weight") {
            scaled(&$0, .dense(.float32), type: 0) { $0 == 1 ? [0.1, 1] : [1, 2] }
        }
        let error = #expect(throws: ModelFileError.self) { try openModel(late.bytes).pack(.layer(1)) }
        #expect(error?.code == .badScale && error?.message.contains("row 1") == true)
    }

    @Test func `scales that turn out to differ within a group are refused`() throws {
        var builder = GroupModel.builder(.q2)
        builder.change("blk.1.attn_k.weight") {
            scaled(&$0, .blocks(.q2Group64), type: 42) { $0 == 1 ? [1, 2, 1, 1] : [1, 1, 1, 1] }
        }
        let error = #expect(throws: ModelFileError.self) { try openModel(builder.bytes).pack(.layer(1)) }
        #expect(error?.code == .scalesDiffer && error?.subject == "blk.1.attn_k.weight")
        #expect(error?.message.contains("128 weights of row 1") == true)
        var dense = GroupModel.builder(.bfloat16)
        dense.change("blk.1.attn_k.weight") {
            scaled(&$0, .dense(.bfloat16), type: 30) { $0 == 1 ? [1, 2, 1, 1] : [1, 1, 1, 1] }
        }
        let other = #expect(throws: ModelFileError.self) { try openModel(dense.bytes).pack(.layer(1)) }
        #expect(other?.code == .notTernary)
    }

    @Test func `plain weights of a family by group that are not ternary are refused when they are packed`()
        throws
    {
        var builder = GroupModel.builder(.float16)
        builder.change("blk.0.attn_q.weight") { $0.data = TinyModel.floats16(256 * 256, seed: 3) }
        let model = try openModel(builder.bytes)
        let error = #expect(throws: ModelFileError.self) { try model.pack(.layer(0)) }
        #expect(error?.code == .notTernary)
        // An embedding may be.
        builder = GroupModel.builder(.float16)
        builder.change("token_embd.weight") { $0.data = TinyModel.floats16(22 * 256, seed: 3) }
        #expect(try openModel(builder.bytes).tableEncodings.embedding == .float16)
    }
}
