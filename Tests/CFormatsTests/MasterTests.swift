// SPDX-License-Identifier: MIT
import CFormats
import Testing

/// Master weights to codes.
@Suite struct MasterTests {
    private static func values(_ count: Int, seed: UInt64) -> [Float] {
        var lottery = Lottery(seed: seed)
        return (0..<count).map { _ in Float.random(in: -2...2, using: &lottery) }
    }

    @Test(arguments: Variant.available)
    func `absolute values are added in the stated order`(variant: Variant) throws {
        let functions = try #require(variant.functions)
        for count in 0...700 {
            let values = Self.values(count, seed: UInt64(count)).map { $0 * 1e-3 + ($0 > 1.5 ? 1e9 : 0) }
            var sums = [Double](repeating: 0, count: 16)
            for (index, value) in values.enumerated() { sums[index % 16] += Double(value.magnitude) }
            for half in [8, 4, 2, 1] {
                for lane in 0..<half { sums[lane] += sums[lane + half] }
            }
            #expect(functions.absolute_sum(values, count) == sums[0], "\(count) values")
        }
    }

    @Test(arguments: Variant.available)
    func `values are rounded half to even and clamped`(variant: Variant) throws {
        let functions = try #require(variant.functions)
        let special: [Float] = [
            0, -0.0, 0.5, -0.5, Float(0.5).nextUp, Float(-0.5).nextDown, Float(0.5).nextDown, 1, -1, 1.5,
            -1.5, 2.5, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.25,
            -0.75,
        ]
        for inverse: Float in [1, 0.7, 3e4, 1e-30] {
            for count in 0...700 {
                let values = (special + Self.values(700, seed: 6)).suffix(count)
                let expected = values.map { value in
                    UInt8(max(-1, min(1, (value * inverse).rounded(.toNearestOrEven))) + 1)
                }
                let (bytes, answer) = try written(count) {
                    functions.quantise_trits(Array(values), count, inverse, $0)
                }
                #expect(answer && bytes == expected, "\(count) values times \(inverse)")
            }
        }
    }

    @Test(arguments: Variant.available)
    func `a value that is not finite is found wherever it stands`(variant: Variant) throws {
        let functions = try #require(variant.functions)
        for place in 0..<70 {
            for value: Float in [.infinity, -.infinity, .nan, .signalingNaN] {
                var values = [Float](repeating: 0.25, count: 70)
                values[place] = value
                let (_, answer) = try written(70) { functions.quantise_trits(values, 70, 1, $0) }
                #expect(!answer, "\(value) at \(place)")
            }
        }
    }
}
