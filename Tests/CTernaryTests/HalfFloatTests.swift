// SPDX-License-Identifier: MIT
import CTernary
import Testing

/// Conversions are reached through the table look-up (half to float) and the KV cache (float to half).
@Suite struct HalfFloatTests {
    private func floats(of halves: [UInt16], on variant: Variant) throws -> [Float] {
        var out = [Float](repeating: 0, count: halves.count)
        bn_embed(try variant.kernels, nil, &out, halves, BN_FLOAT16, [0], 1, halves.count)
        return out
    }

    private func halves(of floats: [Float], on variant: Variant) throws -> [UInt16] {
        let byteCount = bn_kv_byte_count(BN_KV_FLOAT16, 1, 1, 1, floats.count)
        var keys = [UInt16](repeating: 0, count: byteCount / 2)
        var values = keys
        try keys.withUnsafeMutableBytes { keys in
            try values.withUnsafeMutableBytes { values in
                var kv = bn_kv(
                    keys: keys.baseAddress, values: values.baseAddress, type: BN_KV_FLOAT16, context: 1,
                    kv_heads: 1, head_size: floats.count)
                bn_kv_store(try variant.kernels, nil, &kv, floats, floats, 1, [0], [0])
            }
        }
        // Keys stand sixteen positions together, of which this is the first.
        let first = floats.indices.map { keys[16 * $0] }
        #expect(first == Array(values[..<floats.count]))
        return first
    }

    @Test(arguments: Variant.all)
    func `all halves become the float of the same value`(variant: Variant) throws {
        let all = (0...UInt16.max).map { $0 }
        let expected = all.map { half -> UInt32 in
            let value = Float16(bitPattern: half)
            guard value.isNaN else { return Float(value).bitPattern }
            // NaN keeps its sign and payload and becomes quiet.
            return UInt32(half & 0x8000) << 16 | 0x7fc0_0000 | UInt32(half & 0x3ff) << 13
        }
        #expect(try floats(of: all, on: variant).bits == expected)
    }

    @Test(arguments: Variant.all)
    func `all halves survive the way there and back`(variant: Variant) throws {
        let numbers = (0...UInt16.max).filter { !Float16(bitPattern: $0).isNaN }
        #expect(try halves(of: numbers.map { Float(Float16(bitPattern: $0)) }, on: variant) == numbers)
    }

    @Test(arguments: Variant.all)
    func `floats between two halves go to the nearest, ties to the even one`(variant: Variant) throws {
        // Just below, at and just above the middle of every two neighbours, the largest two included.
        let middles = (0..<UInt16(0x7c00)).flatMap { half -> [Float] in
            let low = Float(Float16(bitPattern: half))
            let high = half == 0x7bff ? 65536 : Float(Float16(bitPattern: half + 1))
            let middle = (low + high) / 2
            return [middle.nextDown, middle, middle.nextUp]
        }
        let expected = (0..<UInt16(0x7c00)).flatMap { [$0, $0 + ($0 & 1), $0 + 1] }
        #expect(try halves(of: middles, on: variant) == expected)
        #expect(try halves(of: middles.map { -$0 }, on: variant) == expected.map { $0 | 0x8000 })
    }

    @Test(arguments: Variant.all)
    func `overflow, underflow and NaN`(variant: Variant) throws {
        let x: [Float] = [.infinity, -.infinity, 1e30, -65520, 65519, 1e-30, -0x1p-149, .nan, -.nan]
        let expected: [UInt16] = [
            0x7c00, 0xfc00, 0x7c00, 0xfc00, 0x7bff, 0, 0x8000, 0x7e00, 0xfe00,
        ]
        #expect(try halves(of: x, on: variant) == expected)
    }
}
