// SPDX-License-Identifier: MIT
import CPlatform
import CTernary
import Testing

@Suite struct GroupedProductTests {
    static let groups = [64, 128, 256]
    static let scaleTypes = [BN_SCALE_ROW, BN_SCALE_HALF, BN_SCALE_SINGLE].map(\.rawValue)
    static let rows = [1, 31, 32, 33, 63, 64, 65, 130, 300]
    /// Always by dot product, add-only for one token, always add-only.
    static let dotTokensMin = [1, 2, Int.max]

    private static func expected(_ matrix: GroupedTrits, _ batch: GroupedActivations) -> [Float] {
        (0..<batch.tokens).flatMap { token in
            let (codes, scales) = batch.read(token)
            return (0..<matrix.rows).map { matrix.product(row: $0, codes: codes, codeScales: scales) }
        }
    }

    @Test(arguments: Variant.all, groups)
    func `products are those of the definition, bit by bit`(variant: Variant, group: Int) throws {
        var generator = Generator(seed: UInt64(group))
        for (index, type) in Self.scaleTypes.enumerated() {
            for groupCount in [1, 2, 3, 5, 8] {
                let matrix = GroupedTrits(
                    rows: Self.rows[(index * 5 + groupCount) % 9], columns: group * groupCount, group: group,
                    bn_scale_type(rawValue: type), seed: UInt64(groupCount))
                let laidOut = try GroupedMatrix(matrix, on: variant)
                for (tokens, dotTokensMin) in [(1, 1), (1, 2), (3, 1), (3, .max), (7, 1), (19, 1)] {
                    let x = generator.floats(tokens * matrix.columns)
                    let batch = try GroupedActivations(
                        x, tokens: tokens, group: group, on: variant, dotTokensMin: dotTokensMin)
                    #expect(
                        batch.product(laidOut).bits == Self.expected(matrix, batch).bits,
                        "\(type), \(groupCount) groups, \(tokens) tokens, dot from \(dotTokensMin)")
                }
            }
        }
    }

    @Test(arguments: Variant.vectorised, dotTokensMin)
    func `products of every number of tokens and rows are the scalar ones`(
        variant: Variant, dotTokensMin: Int
    ) throws {
        var generator = Generator(seed: 8)
        for rows in Self.rows {
            let matrix = GroupedTrits(rows: rows, columns: 384, group: 128, BN_SCALE_HALF, seed: UInt64(rows))
            let scalar = try GroupedMatrix(matrix, on: .scalar)
            let actual = try GroupedMatrix(matrix, on: variant)
            for tokens in rows == 65 ? Array(1...65) + [300] : [1, 2, 6] {
                let x = generator.floats(tokens * 384)
                let expected = try GroupedActivations(x, tokens: tokens, group: 128, on: .scalar).product(
                    scalar)
                let batch = try GroupedActivations(
                    x, tokens: tokens, group: 128, on: variant, dotTokensMin: dotTokensMin)
                #expect(batch.product(actual).bits == expected.bits, "\(rows) rows, \(tokens) tokens")
            }
        }
    }

    @Test(arguments: Variant.all, groups)
    func `nothing overflows when every weight and every code is extreme`(variant: Variant, group: Int) throws
    {
        let trits = Trits(rows: 66, columns: 2 * group) { row, _ in row % 2 == 0 ? 1 : -1 }
        let matrix = GroupedTrits(trits, group: group, BN_SCALE_SINGLE) { _, _ in
            .greatestFiniteMagnitude / 1e30
        }
        let laidOut = try GroupedMatrix(matrix, on: variant)
        for (tokens, dotTokensMin) in [(1, 1), (1, .max), (4, 1), (9, 1), (3, .max)] {
            let x = (0..<tokens * 2 * group).map { $0 / (2 * group) % 2 == 0 ? Float(-3) : 3 }
            let batch = try GroupedActivations(
                x, tokens: tokens, group: group, on: variant, dotTokensMin: dotTokensMin)
            #expect(batch.product(laidOut).bits == Self.expected(matrix, batch).bits)
        }
    }

    @Test(arguments: Variant.all)
    func `codes by group follow the rule`(variant: Variant) throws {
        var x = (0..<256).map { Float($0 % 37 - 18) / 7 }
        x.replaceSubrange(64..<128, with: repeatElement(0x1p-101, count: 64))
        x.replaceSubrange(128..<192, with: (0..<64).map { Float($0 % 2 == 0 ? 0x1p-99 : -0x1p-100) })
        let batch = try GroupedActivations(x, tokens: 1, group: 64, on: variant)
        let (codes, scales) = batch.read(0)
        for group in 0..<4 {
            let own = x[group * 64..<(group + 1) * 64]
            let largest = own.map(abs).max() ?? 0
            let isNothing = largest < 0x1p-100
            #expect(scales[group] == (isNothing ? 0 : largest / 127))
            let factor = isNothing ? 0 : 127 / largest
            let expected = own.map { Int8(min(max(($0 * factor).rounded(.toNearestOrEven), -127), 127)) }
            #expect(Array(codes[group * 64..<(group + 1) * 64]) == expected, "group \(group)")
        }
    }

    @Test(arguments: Variant.all)
    func `with one scale for a token every group has it`(variant: Variant) throws {
        var generator = Generator(seed: 3)
        let x = generator.floats(2 * 256)
        let batch = try GroupedActivations(x, tokens: 2, group: 128, on: variant, isByToken: true)
        let plain = try Activations(x, tokens: 2, on: variant)
        for token in 0..<2 {
            let (codes, scale) = plain.read(token)
            #expect(batch.read(token).codes == codes)
            #expect(batch.read(token).scales == [1 / scale, 1 / scale])
        }
    }

    @Test(arguments: Variant.all)
    func `threads and what is there already change nothing but the sum`(variant: Variant) throws {
        let pool = try Pool(threads: 3)
        var generator = Generator(seed: 5)
        let matrix = GroupedTrits(rows: 300, columns: 512, group: 256, BN_SCALE_HALF, seed: 4)
        for tokens in [1, 5] {
            let x = generator.floats(tokens * 512)
            let alone = try GroupedActivations(x, tokens: tokens, group: 256, on: variant)
            let shared = try GroupedActivations(x, tokens: tokens, group: 256, on: variant, pool: pool)
            let expected = alone.product(try GroupedMatrix(matrix, on: variant))
            let laidOut = try GroupedMatrix(matrix, on: variant, pool: pool)
            #expect(shared.product(laidOut, pool: pool).bits == expected.bits)
            #expect(
                shared.product(laidOut, addedTo: 0.25, pool: pool).bits == expected.map { 0.25 + $0 }.bits)
        }
    }

    @Test(arguments: Variant.all, groups)
    func `rows are read back`(variant: Variant, group: Int) throws {
        for type in Self.scaleTypes {
            let matrix = GroupedTrits(
                rows: 131, columns: 3 * group, group: group, bn_scale_type(rawValue: type), seed: 6)
            let laidOut = try GroupedMatrix(matrix, on: variant)
            let rows: [UInt32] = [0, 1, 63, 64, 77, 130]
            var out = [Float](repeating: .nan, count: rows.count * matrix.columns)
            bn_matrix_read_rows(laidOut.pointer, nil, &out, rows, rows.count)
            let expected = rows.flatMap { row in
                (0..<matrix.columns).map { column in
                    Float(matrix.trits.weights[Int(row) * matrix.columns + column])
                        * matrix.scales[Int(row) * 3 + column / group]
                }
            }
            #expect(out == expected)
        }
    }

    @Test(arguments: Variant.all)
    func `what no encoder writes is found where it stands`(variant: Variant) throws {
        let matrix = GroupedTrits(rows: 70, columns: 256, group: 128, BN_SCALE_HALF, seed: 7)
        let rowByteCount = bn_matrix_row_bytes(256, 128, BN_SCALE_HALF)
        #expect(rowByteCount == 56 && matrix.bytes.count == 70 * rowByteCount)
        let wrong: [(offset: Int, byte: UInt8, status: bn_status)] = [
            (0, 243, BN_INVALID_CODE), (25, 0, BN_INVALID_CODE), (51, 242, BN_INVALID_CODE),
            (53, 0x7C, BN_INVALID_SCALE), (55, 0xBC, BN_INVALID_SCALE),
        ]
        for (offset, byte, status) in wrong {
            var bytes = matrix.bytes
            bytes[66 * rowByteCount + offset] = byte
            let pointer = try #require(
                bn_matrix_create_grouped(variant.kernels, 70, 256, 128, BN_SCALE_HALF))
            defer { bn_matrix_destroy(pointer) }
            var badOffset = -1
            #expect(bn_matrix_fill(pointer, nil, bytes, &badOffset) == status)
            // A scale is named by its first byte.
            let expected = status == BN_INVALID_SCALE ? offset - 1 : offset
            #expect(badOffset == 66 * rowByteCount + expected, "byte \(offset)")
        }
    }

    @Test(arguments: Variant.all)
    func `groups that do not divide a row are refused`(variant: Variant) throws {
        let kernels = try variant.kernels
        #expect(bn_matrix_create_grouped(kernels, 4, 192, 128, BN_SCALE_HALF) == nil)
        #expect(bn_matrix_create_grouped(kernels, 4, 192, 96, BN_SCALE_HALF) == nil)
        #expect(bn_matrix_byte_count_grouped(kernels, 4, 192, 0, BN_SCALE_HALF) == 0)
    }
}
