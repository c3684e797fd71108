// SPDX-License-Identifier: MIT
import CPlatform
import CTernary
import Testing

/// A linear congruential generator: the same values in every run.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
    }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 32) | (state << 32)
    }

    mutating func floats(_ count: Int, within bound: Float = 4) -> [Float] {
        (0..<count).map { _ in Float.random(in: -bound...bound, using: &self) }
    }

    /// Floats among which zeros of both signs, subnormal, tiny and large ones are frequent.
    mutating func awkwardFloats(_ count: Int) -> [Float] {
        let special: [Float] = [0, -0.0, 0x1p-133, -0x1p-140, 0x1p-24, -1e-7, 3e4, -65504]
        return (0..<count).map { _ in
            let choice = Int(next() % 32)
            return choice < special.count ? special[choice] : Float.random(in: -4...4, using: &self)
        }
    }
}

/// One instruction set that this processor has.
struct Variant: Sendable, CustomTestStringConvertible {
    let isa: bn_isa

    var kernels: OpaquePointer {
        get throws { try #require(bn_kernels_for(isa)) }
    }
    var testDescription: String { String(cString: bn_isa_name(isa)) }

    static let scalar = Variant(isa: BN_ISA_SCALAR)
    static let all: [Variant] = [
        BN_ISA_SCALAR, BN_ISA_AVX2, BN_ISA_AVX512BW, BN_ISA_AVX512, BN_ISA_NEON, BN_ISA_NEON_DOT,
    ]
    .filter { bn_kernels_for($0) != nil }.map(Variant.init)
    static let vectorised = all.filter { $0.isa != BN_ISA_SCALAR }
}

/// A pool that lives as long as this object.
final class Pool {
    let pointer: OpaquePointer

    init(threads: Int) throws {
        pointer = try #require(bn_pool_create(threads))
    }

    deinit { bn_pool_destroy(pointer) }
}

/// A ternary matrix as plain weights and as T5 bytes.
struct Trits {
    let rows: Int
    let columns: Int
    let weights: [Int8]

    init(rows: Int, columns: Int, weight: (_ row: Int, _ column: Int) -> Int8) {
        self.rows = rows
        self.columns = columns
        weights = (0..<rows).flatMap { row in (0..<columns).map { weight(row, $0) } }
    }

    init(rows: Int, columns: Int, seed: UInt64) {
        var generator = Generator(seed: seed)
        self.init(rows: rows, columns: columns) { _, _ in Int8(generator.next() % 3) - 1 }
    }

    var rowByteCount: Int { (columns + 4) / 5 }

    var t5: [UInt8] {
        (0..<rows).flatMap { Self.t5(weights[$0 * columns..<($0 + 1) * columns]) }
    }

    /// Five weights a byte, the first least, the last byte filled up with zero weights.
    static func t5(_ weights: ArraySlice<Int8>) -> [UInt8] {
        stride(from: weights.startIndex, to: weights.endIndex, by: 5).map { (start: Int) -> UInt8 in
            var value = 0
            for index in (start..<start + 5).reversed() {
                value = value * 3 + 1 + (index < weights.endIndex ? Int(weights[index]) : 0)
            }
            return UInt8(value)
        }
    }
}

/// A matrix laid out for one instruction set.
final class Matrix {
    let pointer: OpaquePointer
    let rows: Int

    init(_ trits: Trits, on variant: Variant, pool: Pool? = nil, scale: Float = 1) throws {
        pointer = try #require(bn_matrix_create(variant.kernels, trits.rows, trits.columns, scale))
        rows = trits.rows
        var badOffset = 0
        try #require(bn_matrix_fill(pointer, pool?.pointer, trits.t5, &badOffset) == BN_OK)
    }

    deinit { bn_matrix_destroy(pointer) }
}

/// Quantised activations of a batch.
final class Activations {
    let pointer: OpaquePointer
    let tokens: Int
    let columns: Int

    init(
        _ x: [Float], tokens: Int, on variant: Variant, dotTokensMin: Int = 2, pool: Pool? = nil
    ) throws {
        columns = x.count / tokens
        self.tokens = tokens
        pointer = try #require(bn_activations_create(variant.kernels, dotTokensMin, 16, tokens, columns, 0))
        try #require(bn_quantise(pointer, pool?.pointer, x, tokens, columns) == BN_OK)
    }

    deinit { bn_activations_destroy(pointer) }

    func read(_ token: Int) -> (codes: [Int8], scale: Float) {
        var codes = [Int8](repeating: 0, count: columns)
        var scale: Float = 0
        bn_activations_read(pointer, token, &codes, &scale)
        return (codes, scale)
    }

    /// Exact sums, [tokens][rows].
    func integers(_ matrix: Matrix, pool: Pool? = nil) -> [Int32] {
        var sums = [Int32](repeating: .min, count: tokens * matrix.rows)
        bn_multiply_integers(pool?.pointer, pointer, matrix.pointer, &sums)
        return sums
    }
}

extension [Float] {
    /// The values' bits, for comparisons that tell zeros and NaN apart.
    var bits: [UInt32] { map(\.bitPattern) }
}

/// Largest distance of two floats in units in the last place of the reference.
func ulps(_ value: Float, _ reference: Double) -> Double {
    abs(Double(value) - reference) / Double(Float(reference).ulp)
}
