// SPDX-License-Identifier: MIT
import CFormats
import Testing

/// Plain numbers to codes and to floats.
@Suite struct DenseTests {
    private static func littleEndian<Bits: FixedWidthInteger>(_ values: [Bits]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    private static func unpack<Bits: FixedWidthInteger & UnsignedInteger>(
        _ variant: Variant, _ fenced: Fenced, _ values: [Bits], magnitude: Bits
    ) throws -> (bytes: [UInt8], answer: Int) {
        let functions = try #require(variant.functions)
        let stored = fenced.holding(littleEndian(values))
        return try written(values.count) { codes in
            Bits.bitWidth == 16
                ? functions.unpack_dense16(stored, values.count, UInt16(magnitude), codes)
                : functions.unpack_dense32(stored, values.count, UInt32(magnitude), codes)
        }
    }

    private static func checkCodes<Bits: FixedWidthInteger & UnsignedInteger>(
        _ variant: Variant, magnitude: Bits
    ) throws {
        let fenced = try Fenced(capacity: 700 * MemoryLayout<Bits>.size)
        let sign = Bits(1) << (Bits.bitWidth - 1)
        var lottery = Lottery(seed: 5)
        for count in 0...700 {
            let codes = lottery.codes(count)
            let values = codes.map { code -> Bits in
                switch code {
                case 0: magnitude | sign
                case 2: magnitude
                default: Bool.random(using: &lottery) ? sign : 0
                }
            }
            let (bytes, answer) = try unpack(variant, fenced, values, magnitude: magnitude)
            #expect(answer == count && bytes == codes, "\(count) numbers")
        }
    }

    @Test(arguments: Variant.available)
    func `numbers become their codes`(variant: Variant) throws {
        try Self.checkCodes(variant, magnitude: UInt16(0x3C00))
        try Self.checkCodes(variant, magnitude: UInt16(0x3F80))
        try Self.checkCodes(variant, magnitude: UInt16(0x0001))
        try Self.checkCodes(variant, magnitude: UInt32(0x3F80_0000))
        try Self.checkCodes(variant, magnitude: UInt32(0x0001_0000))
    }

    private static func checkStrangers<Bits: FixedWidthInteger & UnsignedInteger>(
        _ variant: Variant, magnitude: Bits
    ) throws {
        let fenced = try Fenced(capacity: 300 * MemoryLayout<Bits>.size)
        let sign = Bits(1) << (Bits.bitWidth - 1)
        for place in 0..<300 {
            for stranger in [magnitude ^ 1, sign | 1 << 8, ~sign, ~0, magnitude << 1] {
                var values = [Bits](repeating: magnitude, count: 300)
                values[place] = stranger
                values[299] = stranger
                let (bytes, answer) = try unpack(variant, fenced, values, magnitude: magnitude)
                let isRight = answer == place && bytes[..<place].allSatisfy { $0 == 2 }
                #expect(isRight, "\(stranger) at \(place)")
            }
        }
    }

    @Test(arguments: Variant.available)
    func `the first number of another magnitude is named`(variant: Variant) throws {
        try Self.checkStrangers(variant, magnitude: UInt16(0x3C00))
        try Self.checkStrangers(variant, magnitude: UInt32(0x3F80_0000))
    }

    @Test(arguments: Variant.available)
    func `without a magnitude the first number that is not zero is named`(variant: Variant) throws {
        let fenced = try Fenced(capacity: 100)
        let (bytes, answer) = try Self.unpack(
            variant, fenced, [0, 0x8000, 0, 0x3C00, 0] as [UInt16], magnitude: 0)
        #expect(answer == 3)
        #expect(bytes[..<3].allSatisfy { $0 == 1 })
    }

    private func floats(
        _ variant: Variant, _ type: bn_source_type, _ stored: [UInt8], count: Int
    ) throws -> [UInt32] {
        let functions = try #require(variant.functions)
        let fenced = try Fenced(capacity: stored.count)
        var floats = [Float](repeating: 77, count: count + 1)
        functions.floats_from(type, fenced.holding(stored), count, &floats)
        #expect(floats[count] == 77)
        return floats.dropLast().map(\.bitPattern)
    }

    @Test(arguments: Variant.available)
    func `every half and bfloat becomes its float`(variant: Variant) throws {
        let all = Array(UInt16.min...UInt16.max)
        let halves = try floats(variant, BN_SOURCE_F16, Self.littleEndian(all), count: all.count)
        let differing = zip(all, halves).filter { bits, float in
            let expected = Float(Float16(bitPattern: bits))
            return expected.isNaN
                ? !Float(bitPattern: float).isNaN : expected.bitPattern != float
        }
        #expect(differing.isEmpty)
        let bfloats = try floats(variant, BN_SOURCE_BF16, Self.littleEndian(all), count: all.count)
        #expect(bfloats == all.map { UInt32($0) << 16 })
        let singles = all.map { UInt32($0) << 16 | UInt32($0) }
        #expect(try floats(variant, BN_SOURCE_F32, Self.littleEndian(singles), count: all.count) == singles)
    }

    @Test(arguments: Variant.available)
    func `any number of floats is converted`(variant: Variant) throws {
        for count in 0...70 {
            let stored = (0..<count).map { UInt16($0) * 0x101 }
            let halves = try floats(variant, BN_SOURCE_F16, Self.littleEndian(stored), count: count)
            #expect(halves == stored.map { Float(Float16(bitPattern: $0)).bitPattern })
        }
    }
}
