// SPDX-License-Identifier: MIT
import CFormats
import Testing

@Suite struct PackTests {
    @Test(arguments: Variant.available)
    func `rows of any length become T5`(variant: Variant) throws {
        let functions = try #require(variant.functions)
        let fenced = try Fenced(capacity: 700)
        var lottery = Lottery(seed: 7)
        for columns in 0...700 {
            let codes = lottery.codes(columns)
            let (bytes, _) = try written((columns + 4) / 5) {
                functions.pack_t5(fenced.holding(codes), columns, $0)
            }
            #expect(bytes == Reference.t5Row(codes), "\(columns) columns")
        }
    }

    @Test(arguments: Variant.available)
    func `each of the 243 bytes stands for its five weights at every place`(variant: Variant) throws {
        let functions = try #require(variant.functions)
        let all = (0..<243).map { UInt8($0) }
        for shift in 0..<8 {
            let expected = all[shift...] + all[..<shift]
            let codes = expected.flatMap { byte in [1, 3, 9, 27, 81].map { byte / $0 % 3 } }
            let (bytes, _) = try written(243) { functions.pack_t5(codes, codes.count, $0) }
            #expect(bytes.elementsEqual(expected))
        }
    }

    @Test func `the functions without a choice give what the chosen ones give`() throws {
        let codes = Reference.exampleCodes
        let tq1 = try written(256) { bn_unpack_tq1(Reference.exampleTQ1, 1, 0x3800, $0) }
        #expect(tq1.answer == 1 && tq1.bytes == codes)
        let tq2 = try written(256) { bn_unpack_tq2(Reference.exampleTQ2, 1, 0x3800, $0) }
        #expect(tq2.answer == 1 && tq2.bytes == codes)
        let planes = try written(256) { bn_unpack_planes(Reference.examplePlanes32, 64, 32, true, $0) }
        #expect(planes.answer && planes.bytes == codes)
        let shifted = try written(2) { bn_unpack_shifted([0b10_00_01_00, 0b01_00_10_11], 2, 6, $0) }
        #expect(shifted.answer && shifted.bytes == [2, 1])
        let halves = try written(2) { bn_unpack_dense16([0, 0xBC, 0, 0x3C], 2, 0x3C00, $0) }
        #expect(halves.answer == 2 && halves.bytes == [0, 2])
        let singles = try written(1) { bn_unpack_dense32([0, 0, 0x80, 0xBF], 1, 0x3F80_0000, $0) }
        #expect(singles.answer == 1 && singles.bytes == [0])
        var float: Float = 0
        bn_floats_from(BN_SOURCE_BF16, [0x80, 0x3F], 1, &float)
        #expect(float == 1)
        #expect(bn_absolute_sum([-1, 2], 2) == 3)
        let trits = try written(3) { bn_quantise_trits([-1, 0.5, 1], 3, 1, $0) }
        #expect(trits.answer && trits.bytes == [0, 1, 2])
        let packed = try written(52) { bn_pack_t5(codes, 256, $0) }
        #expect(packed.bytes == Reference.t5Row(codes))
    }
}
