// SPDX-License-Identifier: MIT
import CTernary
import Testing

/// Quantised embeddings and heads give what the table of their floats gives.
@Suite struct QuantisedTableTests {
    /// What gguf-py's dequantisation (numpy, float32) makes of ``QuantisedTable/init(_:rows:columns:)`` with
    /// 15360 values: FNV-1a of the little-endian floats, and every 13th of the first 256.
    struct Expectation: Sendable, CustomTestStringConvertible {
        let type: UInt32
        let hash: UInt64
        let bits: [UInt32]
        var testDescription: String { "type \(type)" }
    }

    private static let expectations = [
        Expectation(
            type: BN_Q8_0.rawValue, hash: 0xdd1a_c232_6363_c06e,
            bits: [
                0x3e92_1900, 0x3e50_b600, 0x3d00_7000, 0x402b_8380, 0x402b_8380, 0x3fd1_9e80, 0x3f8a_6d80,
                0xbf8e_6200, 0x3fda_5c00, 0x4038_c400, 0x3fce_b180, 0xbfc8_4d00, 0x3ee6_2200, 0xbef8_b500,
                0x3f09_7180, 0x4060_bec0, 0x3ff2_0880, 0x3ffd_8f00, 0x3f1b_7600, 0xbf0e_e600,
            ]),
        Expectation(
            type: BN_Q4_0.rawValue, hash: 0xc317_71b3_2fde_fd96,
            bits: [
                0x3c1a_2000, 0xbcb3_d000, 0xbc4d_8000, 0x3cdd_d000, 0xbc13_e000, 0x3e3b_2000, 0xbe3b_2000,
                0xbe3b_2000, 0x8000_0000, 0xbcb3_0000, 0xbc4b_0000, 0xbd18_4000, 0xbccb_0000, 0xbda0_3800,
                0x3d20_3800, 0xbcca_2000, 0xbd7c_a800, 0xbcca_2000, 0x3d27_6000, 0xbd51_3800,
            ]),
        Expectation(
            type: BN_Q4_K.rawValue, hash: 0x7806_2edb_dbfb_a3bf,
            bits: [
                0xbef8_7780, 0xbe33_0d00, 0xbef8_7780, 0xbe26_1d00, 0xbe26_1d00, 0xbf45_97c0, 0xbf30_b8c0,
                0xbee4_3780, 0xbe8f_6340, 0xbda2_8d00, 0xbe47_5600, 0xbf89_4cc0, 0xbebd_9300, 0xbf58_1320,
                0xbf93_c5d0, 0xbffe_8d70, 0xbfa2_3cf0, 0xbf55_b2e0, 0xbf28_2a60, 0xbf40_3f60,
            ]),
        Expectation(
            type: BN_Q6_K.rawValue, hash: 0x71d9_1d7b_7e2c_cab0,
            bits: [
                0xc20b_07e0, 0xc1d0_8bd0, 0x4101_2a00, 0x4145_c850, 0x41ff_a320, 0xbf9d_de00, 0xc000_4460,
                0x0000_0000, 0x4193_3734, 0xc11d_de00, 0xc151_e440, 0xc1ec_20c8, 0xc13e_9b50, 0xc115_5890,
                0xc186_8bc0, 0xc16c_20c8, 0xc1b6_3294, 0xc18a_785c, 0x3fb3_6500, 0x3f62_0980,
            ]),
    ]

    @Test(arguments: Variant.all, expectations)
    func `rows have the bits that ggml's definition gives them`(
        variant: Variant, expected: Expectation
    ) throws {
        let table = QuantisedTable(bn_float_type(expected.type), rows: 20, columns: 768)
        let bits = try table.floats(on: variant).bits
        #expect(stride(from: 0, to: 256, by: 13).map { bits[$0] } == expected.bits)
        var hash: UInt64 = 14_695_981_039_346_656_037
        for value in bits {
            for shift in [0, 8, 16, 24] as [UInt32] {
                hash = (hash ^ UInt64(value >> shift & 0xFF)) &* 1_099_511_628_211
            }
        }
        #expect(hash == expected.hash)
    }

    @Test(arguments: Variant.all, QuantisedTable.types)
    func `the exact head has the bits of the floats' head`(variant: Variant, type: UInt32) throws {
        let pool = try Pool(threads: 2)
        for blocks in [1, 2, 3, 9] {
            let table = QuantisedTable(bn_float_type(type), rows: 37, blocks: blocks)
            let floats = try table.floats(on: .scalar)
            var generator = Generator(seed: UInt64(blocks))
            for tokens in [1, 2, 4, 5, 9] {
                let x = generator.floats(tokens * table.columns)
                var expected = [Float](repeating: 0, count: tokens * table.rows)
                var actual = expected
                bn_head(
                    try variant.kernels, pool.pointer, &expected, x, floats, BN_FLOAT32, tokens, table.rows,
                    table.columns)
                try table.withUnalignedBytes { bytes in
                    bn_head(
                        try variant.kernels, pool.pointer, &actual, x, bytes, table.type, tokens, table.rows,
                        table.columns)
                }
                #expect(actual.bits == expected.bits, "\(blocks) blocks, \(tokens) tokens")
            }
        }
    }

    @Test(arguments: Variant.all, QuantisedTable.types)
    func `the fast head has the bits of the floats' fast head`(variant: Variant, type: UInt32) throws {
        let pool = try Pool(threads: 2)
        let table = QuantisedTable(bn_float_type(type), rows: 193, blocks: type == BN_Q8_0.rawValue ? 17 : 3)
        let floats = try table.floats(on: .scalar)
        var generator = Generator(seed: 9)
        let counts: [UInt32] = [1, 2, 40, 193]
        let x = generator.floats(counts.count * table.columns)
        let expected = try floats.withUnsafeBufferPointer {
            try Self.select(
                UnsafeRawPointer(try #require($0.baseAddress)), BN_FLOAT32, table, x, counts, variant, pool)
        }
        let actual = try table.withUnalignedBytes {
            try Self.select($0, table.type, table, x, counts, variant, pool)
        }
        #expect(actual.logits.bits == expected.logits.bits)
        #expect(actual.exact.bits == expected.exact.bits)
        for token in counts.indices {
            let rows = token * table.rows..<(token + 1) * table.rows
            let count = Int(counts[token])
            #expect(
                Ranked.largest(count, of: actual.logits[rows])
                    == Ranked.largest(count, of: actual.exact[rows]))
        }
    }

    private static func select(
        _ bytes: UnsafeRawPointer, _ type: bn_float_type, _ table: QuantisedTable, _ x: [Float],
        _ counts: [UInt32], _ variant: Variant, _ pool: Pool
    ) throws -> (logits: [Float], exact: [Float]) {
        let (rows, columns) = (table.rows, table.columns)
        let head = try #require(
            bn_fast_head_create(try variant.kernels, pool.pointer, bytes, type, rows, columns))
        defer { bn_fast_head_destroy(head) }
        let scratch = UnsafeMutableRawPointer.allocate(
            byteCount: bn_fast_head_scratch_byte_count(rows, columns, counts.count), alignment: 64)
        defer { scratch.deallocate() }
        var logits = [Float](repeating: .nan, count: counts.count * rows)
        var exact = logits
        #expect(
            bn_fast_head_select(head, pool.pointer, &logits, x, counts, counts.count, scratch) == BN_OK)
        bn_head(try variant.kernels, pool.pointer, &exact, x, bytes, type, counts.count, rows, columns)
        return (logits, exact)
    }

    @Test(arguments: QuantisedTable.types)
    func `the first row with a scale that is not finite is named`(type: UInt32) throws {
        let pool = try Pool(threads: 3)
        let whole = QuantisedTable(bn_float_type(type), rows: 50, blocks: 3)
        #expect(whole.firstInvalidRow(pool) == 50)
        for row in 0..<50 {
            for (scale, offset) in whole.scaleOffsets(row: row).enumerated() {
                // Infinity, a NaN, and both signs.
                let bits: UInt16 = [0x7C00, 0x7E01, 0xFC00, 0xFDFF][(row + scale) % 4]
                var table = whole
                table.set(offset, bits)
                table.set(table.scaleOffsets(row: 49)[0], 0x7C00)
                #expect(table.firstInvalidRow(pool) == row)
                #expect(table.firstInvalidRow(nil) == row)
            }
        }
    }

    @Test(arguments: Variant.all, QuantisedTable.types)
    func `the largest finite scales give finite weights`(variant: Variant, type: UInt32) throws {
        var table = QuantisedTable(bn_float_type(type), rows: 3, blocks: 2)
        for row in 0..<3 {
            for offset in table.scaleOffsets(row: row) { table.set(offset, row == 1 ? 0xFBFF : 0x7BFF) }
        }
        #expect(table.firstInvalidRow(nil) == 3)
        #expect(try table.floats(on: variant).allSatisfy(\.isFinite))
    }

    @Test func `rows take the bytes of their blocks`() {
        let sizes = QuantisedTable.types.map { bn_table_row_byte_count(bn_float_type($0), 512) }
        #expect(sizes == [16 * 34, 16 * 18, 2 * 144, 2 * 210])
        #expect(bn_table_row_byte_count(BN_FLOAT32, 5) == 20)
        #expect(bn_table_row_byte_count(BN_BFLOAT16, 5) == 10)
    }
}

/// Random blocks whose scales are halves between 2⁻⁹ and 2⁻⁵.
struct QuantisedTable {
    let type: bn_float_type
    let rows: Int
    let columns: Int
    private var bytes: [UInt8]

    static let types = [BN_Q8_0, BN_Q4_0, BN_Q4_K, BN_Q6_K].map(\.rawValue)

    init(_ type: bn_float_type, rows: Int, columns: Int) {
        self.type = type
        self.rows = rows
        self.columns = columns
        var state: UInt64 = 1
        bytes = (0..<rows * bn_table_row_byte_count(type, columns)).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        for offset in (0..<rows).flatMap({ scaleOffsets(row: $0) }) {
            let high = bytes[offset + 1]
            bytes[offset + 1] = high & 0x83 | (6 + (high >> 2 & 3)) << 2
        }
    }

    init(_ type: bn_float_type, rows: Int, blocks: Int) {
        self.init(type, rows: rows, columns: blocks * Self.elementCount(type))
    }

    private static func elementCount(_ type: bn_float_type) -> Int {
        type == BN_Q8_0 || type == BN_Q4_0 ? 32 : 256
    }

    /// Where the f16 scales of a row stand.
    func scaleOffsets(row: Int) -> [Int] {
        let blockByteCount = bn_table_row_byte_count(type, Self.elementCount(type))
        let rowByteCount = bn_table_row_byte_count(type, columns)
        let inBlock = type == BN_Q6_K ? [208] : type == BN_Q4_K ? [0, 2] : [0]
        return stride(from: 0, to: rowByteCount, by: blockByteCount).flatMap { block in
            inBlock.map { row * rowByteCount + block + $0 }
        }
    }

    mutating func set(_ offset: Int, _ half: UInt16) {
        bytes[offset] = UInt8(half & 0xFF)
        bytes[offset + 1] = UInt8(half >> 8)
    }

    /// At an odd address, as blocks may lie anywhere.
    func withUnalignedBytes<Result>(_ body: (UnsafeRawPointer) throws -> Result) throws -> Result {
        try ([0] + bytes).withUnsafeBytes { try body(#require($0.baseAddress) + 1) }
    }

    func firstInvalidRow(_ pool: Pool?) -> Int {
        bn_table_first_invalid_row(pool?.pointer, bytes, type, rows, columns)
    }

    /// All rows, looked up.
    func floats(on variant: Variant) throws -> [Float] {
        var floats = [Float](repeating: .nan, count: rows * columns)
        let ids = (0..<rows).map { UInt32($0) }
        try withUnalignedBytes {
            bn_embed(try variant.kernels, nil, &floats, $0, type, ids, rows, columns)
        }
        return floats
    }
}
