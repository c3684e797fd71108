// SPDX-License-Identifier: MIT
import CTernary
import Testing

@Suite struct HopTests {
    private func encode(_ x: [Float], tokens: Int, on variant: Variant) throws -> [UInt8] {
        let columns = x.count / tokens
        var out = [UInt8](repeating: 0xaa, count: tokens * (2 * ((columns + 31) / 32) + columns))
        let pool = try Pool(threads: 2)
        try #require(bn_hop_encode(variant.kernels, pool.pointer, &out, x, tokens, columns) == BN_OK)
        return out
    }

    @Test(arguments: Variant.all, [1, 31, 32, 33, 64, 100, 336, 1023, 1024, 1025, 2560])
    func `bytes are those of the definition, and decode to code times scale`(
        variant: Variant, columns: Int
    ) throws {
        var generator = Generator(seed: UInt64(columns))
        let x = generator.awkwardFloats(3 * columns)
        let bytes = try encode(x, tokens: 3, on: variant)
        let tokens = (0..<3).map { HopToken(x[$0 * columns..<($0 + 1) * columns]) }
        let expected = tokens.flatMap(\.bytes)
        let values = tokens.flatMap(\.values)
        #expect(bytes == expected)
        var decoded = [Float](repeating: .nan, count: 3 * columns)
        #expect(try bn_hop_decode(variant.kernels, nil, &decoded, bytes, 3, columns) == BN_OK)
        #expect(decoded.bits == values.bits)
        for threads in [1, 3] {
            var rounded = x
            let pool = try Pool(threads: threads)
            #expect(try bn_hop_round(variant.kernels, pool.pointer, &rounded, 3, columns) == BN_OK)
            #expect(rounded.bits == values.bits)
        }
    }

    @Test(arguments: Variant.all, [Float.nan, .infinity, -.infinity, 1e7])
    func `what cannot be sent is refused`(variant: Variant, value: Float) throws {
        // 1e7 / 127 is beyond a half float, and a last block is too short for outliers.
        for position in value == 1e7 ? [64, 69, 139] : [0, 31, 32, 69, 139] {
            var x = [Float](repeating: 1, count: 140)
            x[position] = value
            var out = [UInt8](repeating: 0, count: 2 * (70 + 6))
            #expect(try bn_hop_encode(variant.kernels, nil, &out, x, 2, 70) == BN_NOT_FINITE)
            #expect(try bn_hop_round(variant.kernels, nil, &x, 2, 70) == BN_NOT_FINITE)
        }
    }

    @Test(arguments: Variant.all, [0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff] as [UInt16])
    func `a scale that is not finite is refused`(variant: Variant, half: UInt16) throws {
        let hop = try encode([Float](repeating: 1, count: 140), tokens: 2, on: variant)
        for scale in [0, 2, 4, 76, 78, 80] {
            var bad = hop
            bad[scale] = UInt8(half & 0xff)
            bad[scale + 1] = UInt8(half >> 8)
            var decoded = [Float](repeating: 0, count: 140)
            #expect(try bn_hop_decode(variant.kernels, nil, &decoded, bad, 2, 70) == BN_NOT_FINITE)
        }
    }

    @Test(arguments: Variant.all)
    func `any code is accepted, -128 too`(variant: Variant) throws {
        var hop: [UInt8] = [0x00, 0x3c]
        hop += [0x80, 0x7f, 0xff]
        var decoded = [Float](repeating: 0, count: 3)
        #expect(try bn_hop_decode(variant.kernels, nil, &decoded, hop, 1, 3) == BN_OK)
        #expect(decoded == [-128, 127, -1])
    }
}
