// SPDX-License-Identifier: MIT
import CPlatform
import CTernary
import Testing

@Suite struct TernaryProductTests {
    static let columns = [
        1, 4, 5, 6, 31, 32, 33, 63, 64, 65, 127, 128, 129, 336, 712, 1000, 2560,
    ]
    static let rows = [1, 2, 31, 32, 33, 63, 64, 65, 70]
    static let tokens = [1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 65]
    /// Always by dot product, add-only for one token, always add-only.
    static let dotTokensMin = [1, 2, Int.max]

    @Test(arguments: Variant.all)
    func `sums are those of the definition`(variant: Variant) throws {
        var generator = Generator(seed: 1)
        for (index, columns) in Self.columns.prefix(13).enumerated() {
            let trits = Trits(rows: Self.rows[index % 9], columns: columns, seed: UInt64(index))
            let matrix = try Matrix(trits, on: variant)
            for tokens in [1, 2, 5] {
                let x = generator.floats(tokens * columns)
                let activations = try Activations(x, tokens: tokens, on: variant)
                var expected: [Int32] = []
                for token in 0..<tokens {
                    let codes = Reference.quantise(Array(x[token * columns..<(token + 1) * columns])).codes
                    for row in 0..<trits.rows {
                        let weights = trits.weights[row * columns..<(row + 1) * columns]
                        expected.append(zip(weights, codes).reduce(0) { $0 + Int32($1.0) * Int32($1.1) })
                    }
                }
                #expect(activations.integers(matrix) == expected, "\(columns) columns, \(tokens) tokens")
            }
        }
    }

    @Test(arguments: Variant.vectorised, columns)
    func `sums are the scalar ones for every shape`(variant: Variant, columns: Int) throws {
        var generator = Generator(seed: UInt64(columns))
        let x = generator.floats(65 * columns)
        let batches = try Self.tokens.map { tokens in
            let some = Array(x.prefix(tokens * columns))
            return (
                try Activations(some, tokens: tokens, on: .scalar),
                try Activations(some, tokens: tokens, on: variant)
            )
        }
        for rows in Self.rows {
            let trits = Trits(rows: rows, columns: columns, seed: UInt64(rows))
            let expected = try Matrix(trits, on: .scalar)
            let actual = try Matrix(trits, on: variant)
            for (scalar, batch) in batches {
                #expect(batch.integers(actual) == scalar.integers(expected), "\(rows) rows, \(batch.tokens)")
            }
        }
    }

    @Test(arguments: Variant.all, dotTokensMin)
    func `sums of every number of tokens are the scalar ones`(variant: Variant, dotTokensMin: Int) throws {
        var generator = Generator(seed: 8)
        let columns = 132
        let trits = Trits(rows: 70, columns: columns, seed: 9)
        let expected = try Matrix(trits, on: .scalar)
        let actual = try Matrix(trits, on: variant)
        for tokens in Array(1...65) + [300] {
            let x = generator.floats(tokens * columns)
            let scalar = try Activations(x, tokens: tokens, on: .scalar)
            let batch = try Activations(x, tokens: tokens, on: variant, dotTokensMin: dotTokensMin)
            #expect(batch.integers(actual) == scalar.integers(expected), "\(tokens) tokens")
        }
    }

    @Test(arguments: Variant.all, [64, 127, 128, 1000, 4096, 8192])
    func `nothing overflows when every weight and every code is extreme`(
        variant: Variant, columns: Int
    ) throws {
        let trits = Trits(rows: 66, columns: columns) { row, _ in row % 2 == 0 ? 1 : -1 }
        let matrix = try Matrix(trits, on: variant)
        for tokens in [1, 2, 3, 4, 7] {
            let x = (0..<tokens * columns).map { $0 / columns % 2 == 0 ? Float(-3) : 3 }
            let extreme = Int32(127 * columns)
            let expected = (0..<tokens * 66).map { ($0 / 66 + $0 % 66) % 2 == 0 ? -extreme : extreme }
            for minimum in Self.dotTokensMin {
                let activations = try Activations(x, tokens: tokens, on: variant, dotTokensMin: minimum)
                #expect(activations.integers(matrix) == expected, "\(tokens) tokens, dot from \(minimum)")
            }
        }
    }

    @Test(arguments: Variant.all)
    func `every T5 byte unpacks to its five weights`(variant: Variant) throws {
        // Row b is the byte b; token i is the unit vector of column i, so that sums are the weights.
        let trits = Trits(rows: 243, columns: 5) { row, column in
            var rest = row
            for _ in 0..<column { rest /= 3 }
            return Int8(rest % 3) - 1
        }
        let matrix = try Matrix(trits, on: variant)
        for column in 0..<5 {
            var x = [Float](repeating: 0, count: 5)
            x[column] = 1
            for tokens in [1, 2] {
                let batch = Array(repeatElement(x, count: tokens).joined())
                let sums = try Activations(batch, tokens: tokens, on: variant).integers(matrix)
                let weights = (0..<243).map { 127 * Int32(trits.weights[$0 * 5 + column]) }
                #expect(Array(sums.suffix(243)) == weights)
            }
        }
    }

    @Test(arguments: Variant.all, [1, 2, 3, 5])
    func `up to four scaled products, with and without residual`(variant: Variant, threads: Int) throws {
        var generator = Generator(seed: 5)
        let pool = try Pool(threads: threads)
        for tokens in [1, 3] {
            let activations = try Activations(generator.floats(tokens * 336), tokens: tokens, on: variant)
            let rows = [200, 33, 64, 1]
            let scales: [Float] = [0.7, 1.3, 0.01, 2]
            let matrices = try zip(rows, scales).map { rows, scale in
                let trits = Trits(rows: rows, columns: 336, seed: UInt64(rows))
                return try Matrix(trits, on: variant, pool: pool, scale: scale)
            }
            let stride = 210
            let before = generator.floats(4 * tokens * stride)
            var out = before
            out.withUnsafeMutableBufferPointer { out in
                guard let base = out.baseAddress else { return }
                let products = matrices.indices.map { index in
                    bn_product(
                        matrix: matrices[index].pointer, out: base + index * tokens * stride,
                        out_stride: stride, accumulate: index % 2 == 1)
                }
                bn_multiply(pool.pointer, activations.pointer, products, 4)
            }
            var expected = before
            for index in 0..<4 {
                let sums = activations.integers(matrices[index])
                for token in 0..<tokens {
                    let factor = scales[index] / activations.read(token).scale
                    for row in 0..<rows[index] {
                        let at = (index * tokens + token) * stride + row
                        let product = Float(sums[token * rows[index] + row]) * factor
                        expected[at] = index % 2 == 1 ? expected[at] + product : product
                    }
                }
            }
            #expect(out.bits == expected.bits)
        }
    }

    @Test(arguments: Variant.all)
    func `a step of many threads and pieces gives the same sums`(variant: Variant) throws {
        var generator = Generator(seed: 6)
        let trits = Trits(rows: 1500, columns: 712, seed: 7)
        let x = generator.floats(3 * 712)
        let serial = try Activations(x, tokens: 3, on: variant).integers(Matrix(trits, on: variant))
        for threads in [2, 3, 5] {
            let pool = try Pool(threads: threads)
            let matrix = try Matrix(trits, on: variant, pool: pool)
            let activations = try Activations(x, tokens: 3, on: variant, pool: pool)
            #expect(activations.integers(matrix, pool: pool) == serial)
        }
    }
}
