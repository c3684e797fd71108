// SPDX-License-Identifier: MIT
import CTernary
import Testing

@Suite struct MatrixTests {
    private func fillStatus(
        _ bytes: [UInt8], rows: Int, columns: Int, variant: Variant, pool: Pool?
    ) throws -> (bn_status, Int) {
        let matrix = try #require(bn_matrix_create(variant.kernels, rows, columns, 1))
        defer { bn_matrix_destroy(matrix) }
        var badOffset = -1
        let status = bn_matrix_fill(matrix, pool?.pointer, bytes, &badOffset)
        return (status, badOffset)
    }

    @Test(arguments: Variant.all, [243, 244, 255] as [UInt8])
    func `the first byte that is no T5 code is named`(variant: Variant, byte: UInt8) throws {
        let trits = Trits(rows: 150, columns: 100, seed: 1)
        let pool = try Pool(threads: 3)
        for offset in [0, 1, 19, 20, 1234, 2999] {
            var bytes = trits.t5
            bytes[offset] = byte
            bytes[2999] = byte
            let found = try fillStatus(bytes, rows: 150, columns: 100, variant: variant, pool: pool)
            #expect(found == (BN_INVALID_CODE, offset))
        }
    }

    @Test(arguments: Variant.all, [1, 2, 3, 4, 6, 13, 99])
    func `padding that is not zero weights is refused`(variant: Variant, columns: Int) throws {
        let trits = Trits(rows: 3, columns: columns, seed: 2)
        let rowByteCount = trits.rowByteCount
        #expect(
            try fillStatus(trits.t5, rows: 3, columns: columns, variant: variant, pool: nil).0 == BN_OK)
        var power = 1
        for position in 0..<5 {
            let isPadding = (rowByteCount - 1) * 5 + position >= columns
            for delta in [-power, power] where isPadding {
                var bytes = trits.t5
                let value = Int(bytes[2 * rowByteCount - 1]) + delta
                bytes[2 * rowByteCount - 1] = try #require(UInt8(exactly: value))
                let found = try fillStatus(bytes, rows: 3, columns: columns, variant: variant, pool: nil)
                #expect(found == (BN_INVALID_CODE, 2 * rowByteCount - 1))
            }
            power *= 3
        }
    }

    @Test(arguments: Variant.all)
    func `shapes and sizes`(variant: Variant) throws {
        let matrix = try Matrix(Trits(rows: 70, columns: 336, seed: 3), on: variant)
        #expect(bn_matrix_rows(matrix.pointer) == 70)
        #expect(bn_matrix_columns(matrix.pointer) == 336)
        let byteCount = try bn_matrix_byte_count_for(variant.kernels, 70, 336)
        #expect(bn_matrix_byte_count(matrix.pointer) == byteCount)
        // At most 2 bits a weight, but for the padding of rows and columns.
        #expect(byteCount <= (70 + 63) * (336 + 63) / 4)
        let kernels = try variant.kernels
        let large = Double(bn_matrix_byte_count_for(kernels, 6912, 2560)) * 8 / (6912 * 2560)
        #expect(variant.isa == BN_ISA_AVX512 ? large == 1.6 : large == 2)
    }

    @Test(arguments: Variant.all)
    func `shapes that cannot be are refused`(variant: Variant) throws {
        let kernels = try variant.kernels
        #expect(bn_matrix_create(kernels, 0, 5, 1) == nil)
        #expect(bn_matrix_create(kernels, 5, 0, 1) == nil)
        #expect(bn_matrix_create(kernels, 1, (1 << 18) + 1, 1) == nil)
        #expect(bn_matrix_create(kernels, Int.max, 1 << 18, 1) == nil)
        let widest = bn_matrix_create(kernels, 1, 1 << 18, 1)
        #expect(widest != nil)
        bn_matrix_destroy(widest)
    }

    @Test func `the best kernels are among those that run here`() throws {
        let best = try #require(bn_kernels_best())
        let names = Variant.all.map(\.testDescription)
        #expect(names.contains(String(cString: bn_isa_name(bn_kernels_isa(best)))))
        #expect(names.first == "scalar")
    }
}
