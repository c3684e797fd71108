// SPDX-License-Identifier: MIT
import CTernary
import Testing

@Suite struct QuantiseTests {
    @Test(arguments: Variant.all, [1, 5, 15, 16, 17, 63, 64, 65, 336, 1000])
    func `codes and scale are those of the definition`(variant: Variant, columns: Int) throws {
        var generator = Generator(seed: UInt64(columns))
        for bound: Float in [1e-6, 0.01, 4, 1e30] {
            let x = generator.floats(2 * columns, within: bound)
            let activations = try Activations(x, tokens: 2, on: variant)
            for token in 0..<2 {
                let expected = Reference.quantise(Array(x[token * columns..<(token + 1) * columns]))
                let actual = activations.read(token)
                #expect(actual.codes == expected.codes)
                #expect(actual.scale.bitPattern == expected.scale.bitPattern)
            }
        }
    }

    @Test(arguments: Variant.all)
    func `ties go to the even code, zeros of both signs to zero`(variant: Variant) throws {
        let x: [Float] = [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -126.5, 0, -0.0, 0x1p-149]
        let activations = try Activations(x, tokens: 1, on: variant)
        #expect(activations.read(0).codes == [127, 0, 2, 2, 0, -2, -2, 126, -126, 0, 0, 0])
        #expect(activations.read(0).scale == 1)
    }

    @Test(arguments: Variant.all)
    func `values below the floor keep the floor's scale`(variant: Variant) throws {
        let activations = try Activations([0, 1e-6, -4e-6, 0x1p-140], tokens: 1, on: variant)
        #expect(activations.read(0).scale == 127 / Float(1e-5))
        #expect(activations.read(0).codes == [0, 13, -51, 0])
    }

    @Test(arguments: Variant.all, [Float.nan, -.nan, .signalingNaN, .infinity, -.infinity])
    func `an activation that is not finite is refused wherever it stands`(
        variant: Variant, value: Float
    ) throws {
        let columns = 70
        let activations = try #require(bn_activations_create(variant.kernels, 2, 1, 3, columns, 0))
        defer { bn_activations_destroy(activations) }
        for position in [0, 15, 64, 69, 139, 209] {
            var x = [Float](repeating: 1, count: 3 * columns)
            x[position] = value
            #expect(bn_quantise(activations, nil, x, 3, columns) == BN_NOT_FINITE)
        }
        let finite = [Float](repeating: .greatestFiniteMagnitude, count: 3 * columns)
        #expect(bn_quantise(activations, nil, finite, 3, columns) == BN_OK)
    }

    @Test(arguments: Variant.all)
    func `one buffer serves batches of different shapes in turn`(variant: Variant) throws {
        var generator = Generator(seed: 9)
        let activations = try #require(bn_activations_create(variant.kernels, 2, 8, 20, 712, 0))
        defer { bn_activations_destroy(activations) }
        for (tokens, columns) in [(20, 712), (1, 5), (3, 64), (1, 712), (20, 33), (2, 1)] {
            let trits = Trits(rows: 40, columns: columns, seed: UInt64(columns))
            let matrix = try Matrix(trits, on: variant)
            let x = generator.floats(tokens * columns)
            try #require(bn_quantise(activations, nil, x, tokens, columns) == BN_OK)
            var sums = [Int32](repeating: 0, count: tokens * 40)
            bn_multiply_integers(nil, activations, matrix.pointer, &sums)
            let fresh = try Activations(x, tokens: tokens, on: variant).integers(matrix)
            #expect(sums == fresh)
        }
    }
}
