// SPDX-License-Identifier: MIT
import CTernary
import Testing

@Suite struct RooflineTests {
    @Test(arguments: Variant.all)
    func `the reader reads every word`(variant: Variant) throws {
        let byteCount = 2 << 20
        var words = [UInt32](repeating: 0, count: byteCount / 4)
        for index in words.indices { words[index] = UInt32(truncatingIfNeeded: index &* 2_654_435_761) }
        let pool = try Pool(threads: 2)
        let expected = words.reduce(0, ^)
        #expect(try bn_roofline_read(variant.kernels, pool.pointer, words, byteCount) == expected)
        for index in [0, 63, 64, 131_071, 131_072, 262_143, 262_144, words.count - 1] {
            words[index] ^= 1 << 31
            let found = try bn_roofline_read(variant.kernels, nil, words, byteCount)
            words[index] ^= 1 << 31
            #expect(found == expected ^ (1 << 31), "word \(index)")
        }
    }

    @Test(arguments: Variant.all)
    func `multiply-adds grow with the rounds`(variant: Variant) throws {
        let one = try bn_roofline_multiply_add(variant.kernels, nil, 1)
        #expect(try bn_roofline_multiply_add(variant.kernels, nil, 5) == 5 * one)
        let vectors = [BN_ISA_AVX2, BN_ISA_AVX512BW, BN_ISA_AVX512]
        #expect((one > 0) == vectors.contains(variant.isa))
    }

    @Test(arguments: Variant.all)
    func `a single token is never worth the dot product`(variant: Variant) throws {
        let pool = try Pool(threads: 2)
        #expect(try (2...9).contains(bn_dot_tokens_min(variant.kernels, pool.pointer)))
    }
}
