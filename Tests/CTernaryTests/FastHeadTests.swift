// SPDX-License-Identifier: MIT
import CTernary
import Testing

/// The fast head finds what the exact one computes.
@Suite struct FastHeadTests {
    @Test(arguments: Variant.all, HeadTable.Kind.allCases)
    func `the largest logits are the exact head's, bit by bit, and all lie within their bounds`(
        _ variant: Variant, _ kind: HeadTable.Kind
    ) throws {
        let pool = try Pool(threads: 2)
        var positionCount = 0
        for (index, columns) in [1, 5, 31, 64, 100, 333].enumerated() {
            for type in [BN_FLOAT32, BN_FLOAT16, BN_BFLOAT16] {
                let seed = UInt64(100 * index) + UInt64(type.rawValue)
                let table = HeadTable(kind, type: type, rows: 193, columns: columns, seed: seed)
                let x = table.activations(tokens: 10, seed: seed + 7)
                let head = try Head(table, on: variant, pool: pool)
                let exact = try head.exact(x)
                let (lower, upper) = try #require(head.bounds(x))
                let counts: [UInt32] = [1, 1, 1, 2, 3, 40, 40, 192, 193, 1024]
                let fast = try #require(head.select(x, counts: counts))
                for token in 0..<10 {
                    let rows = token * table.rows..<(token + 1) * table.rows
                    #expect(rows.allSatisfy { lower[$0] <= exact[$0] && exact[$0] <= upper[$0] })
                    let count = min(Int(counts[token]), table.rows)
                    #expect(
                        Ranked.largest(count, of: exact[rows]) == Ranked.largest(count, of: fast[rows]),
                        "\(columns) columns, type \(type.rawValue), token \(token)")
                    positionCount += 1
                }
            }
        }
        #expect(positionCount == 180)
    }

    @Test(arguments: Variant.vectorised, HeadTable.Kind.allCases)
    func `bounds are the same on every instruction set`(_ variant: Variant, _ kind: HeadTable.Kind) throws {
        for columns in [3, 64, 130, 1000] {
            let table = HeadTable(kind, type: BN_FLOAT32, rows: 67, columns: columns, seed: 3)
            let x = table.activations(tokens: 7, seed: 4)
            let expected = try #require(Head(table, on: .scalar).bounds(x))
            let actual = try #require(Head(table, on: variant).bounds(x))
            #expect(expected.lower.bits == actual.lower.bits)
            #expect(expected.upper.bits == actual.upper.bits)
        }
    }

    @Test(arguments: Variant.all)
    func `few rows are read from the table, whatever the number of threads`(_ variant: Variant) throws {
        let table = HeadTable(.normal, type: BN_FLOAT16, rows: 20_000, columns: 256, seed: 5)
        let x = table.activations(tokens: 5, seed: 6)
        let counts: [UInt32] = [1, 40, 200, 1024, 1]
        let fast = try #require(Head(table, on: variant).select(x, counts: counts))
        let exact = try Head(table, on: variant).exact(x)
        for (token, mostCount) in [200, 1000, 3000, 8000, 200].enumerated() {
            let rows = token * table.rows..<(token + 1) * table.rows
            let count = Int(counts[token])
            #expect(Ranked.largest(count, of: exact[rows]) == Ranked.largest(count, of: fast[rows]))
            #expect(fast[rows].count { $0 > -.infinity } < mostCount, "token \(token)")
        }
        let parallel = try Head(table, on: variant, pool: Pool(threads: 3)).select(x, counts: counts)
        #expect(parallel?.bits == fast.bits)
    }

    @Test(arguments: Variant.all)
    func `what is not finite, or might become so, is left to the exact head`(_ variant: Variant) throws {
        let table = HeadTable(.normal, type: BN_FLOAT32, rows: 40, columns: 50, seed: 1)
        let x = table.activations(tokens: 2, seed: 2)
        let head = try Head(table, on: variant)
        #expect(head.select(x, counts: [1, 1]) != nil)
        for bad: Float in [.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            var spoilt = x
            spoilt[77] = bad
            #expect(head.select(spoilt, counts: [1, 1]) == nil)
            #expect(head.bounds(spoilt) == nil)
            var values = table.values
            values[1234] = bad.isFinite ? 1e38 : bad
            let other = HeadTable(values: values, type: BN_FLOAT32, rows: 40, columns: 50)
            // A large number is no harm while activations are small.
            let isRefused =
                try Head(other, on: variant).select(x.map { $0 * 0x1p-10 }, counts: [1, 1]) == nil
            #expect(isRefused == !bad.isFinite)
        }
    }

    @Test func `shapes out of range are refused`() throws {
        let kernels = try Variant.scalar.kernels
        var value: Float = 1
        #expect(bn_fast_head_create(kernels, nil, &value, BN_FLOAT32, 0, 1) == nil)
        #expect(bn_fast_head_create(kernels, nil, &value, BN_FLOAT32, 1, 0) == nil)
        #expect(bn_fast_head_byte_count_for(1, 1 << 17) > 0)
        #expect(bn_fast_head_byte_count_for(1, (1 << 17) + 1) == 0)
        #expect(bn_fast_head_byte_count_for(.max / 2, 4) == 0)
        #expect(bn_fast_head_byte_count_for(33, 5) == 64 * (8 + 12))
    }
}

/// A row and its logit, in the order in which a sampler wants them.
struct Ranked: Equatable {
    let row: Int
    let bits: UInt32

    static func largest(_ count: Int, of logits: ArraySlice<Float>) -> [Ranked] {
        let order = logits.indices.sorted {
            logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1
        }
        return order.prefix(count).map { Ranked(row: $0, bits: logits[$0].bitPattern) }
    }
}

/// A table of one of the types, and activations that make it hard.
struct HeadTable {
    enum Kind: CaseIterable, Sendable {
        case normal
        /// Every row is one of few, so that many logits are equal.
        case ties
        /// Rows that differ in one value by one unit in the last place.
        case neighbours
        /// Norms from 2^-140 to 2^15.
        case norms
        /// Zero rows, subnormal rows, one value that outweighs its row.
        case awkward
        /// Products that cancel: the logits are small against Σ|w·x|.
        case cancelling
    }

    let values: [Float]
    let type: bn_float_type
    let rows: Int
    let columns: Int

    init(values: [Float], type: bn_float_type, rows: Int, columns: Int) {
        self.values = values
        self.type = type
        self.rows = rows
        self.columns = columns
    }

    init(_ kind: Kind, type: bn_float_type, rows: Int, columns: Int, seed: UInt64) {
        var generator = Generator(seed: seed)
        let base = (0..<columns).map { _ in generator.normal() }
        var values: [Float] = []
        for row in 0..<rows {
            switch kind {
            case .normal: values += (0..<columns).map { _ in generator.normal() }
            case .ties: values += base.map { $0 * Float(row % 5 + 1) }
            case .neighbours:
                var copy = base
                let column = Int(generator.next() % UInt64(columns))
                copy[column] = row % 2 == 0 ? copy[column].nextUp : copy[column].nextDown
                values += copy
            case .norms:
                let scale = Float(sign: .plus, exponent: Int(generator.next() % 152) - 140, significand: 1)
                values += (0..<columns).map { _ in generator.normal() * scale }
            case .awkward:
                var awkward = row % 3 == 0 ? base.map { $0 * 0 } : generator.awkwardFloats(columns)
                if row % 5 == 0 { awkward = awkward.map { $0 * 0x1p-130 } }
                values += awkward
            case .cancelling:
                values += base.indices.map { index in
                    index % 2 == 0 ? base[index] : -base[index - 1] * (1 + generator.normal() * 1e-4)
                }
            }
        }
        self.init(values: values, type: type, rows: rows, columns: columns)
    }

    /// `[tokens, columns]`: among them ones that are all the same, zero, tiny, large, and with an outlier.
    func activations(tokens: Int, seed: UInt64) -> [Float] {
        var generator = Generator(seed: seed)
        return (0..<tokens).flatMap { token in
            (0..<columns).map { column -> Float in
                switch token % 10 {
                case 1: 1
                case 2: column == columns / 2 ? 500 : generator.normal()
                case 4: generator.normal() * 1e-30
                case 5: generator.normal() * 1e15
                case 8: 0
                case 9: Float(sign: .plus, exponent: -149, significand: 1)
                default: generator.normal()
                }
            }
        }
    }

    var bytes: [UInt8] {
        switch type {
        case BN_FLOAT16: values.map { Float16($0) }.withUnsafeBytes { Array($0) }
        case BN_BFLOAT16: values.map { UInt16($0.bitPattern >> 16) }.withUnsafeBytes { Array($0) }
        default: values.withUnsafeBytes { Array($0) }
        }
    }
}

extension Generator {
    /// Nearly normal: the sum of four uniform numbers, variance 1.
    mutating func normal() -> Float {
        let bits = next()
        let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        return (Float(sum) * 0x1p-16 - 2) * 1.732_050_8
    }
}

/// A table in memory with its int8 copy.
final class Head {
    private let table: UnsafeMutableRawBufferPointer
    private let shape: HeadTable
    private let variant: Variant
    private let pool: Pool?
    private let copy: OpaquePointer

    init(_ shape: HeadTable, on variant: Variant, pool: Pool? = nil) throws {
        self.shape = shape
        self.variant = variant
        self.pool = pool
        let bytes = shape.bytes
        table = .allocate(byteCount: bytes.count, alignment: 64)
        table.copyBytes(from: bytes)
        copy = try #require(
            bn_fast_head_create(
                variant.kernels, pool?.pointer, table.baseAddress, shape.type, shape.rows, shape.columns))
    }

    deinit {
        bn_fast_head_destroy(copy)
        table.deallocate()
    }

    func exact(_ x: [Float]) throws -> [Float] {
        var logits = [Float](repeating: .nan, count: x.count / shape.columns * shape.rows)
        bn_head(
            try variant.kernels, pool?.pointer, &logits, x, table.baseAddress, shape.type,
            x.count / shape.columns, shape.rows, shape.columns)
        return logits
    }

    /// `nil` if the head cannot tell.
    func select(_ x: [Float], counts: [UInt32]) -> [Float]? {
        var logits = [Float](repeating: .nan, count: counts.count * shape.rows)
        let status = withScratch(counts.count) {
            bn_fast_head_select(copy, pool?.pointer, &logits, x, counts, counts.count, $0)
        }
        return status == BN_OK ? logits : nil
    }

    func bounds(_ x: [Float]) -> (lower: [Float], upper: [Float])? {
        let tokens = x.count / shape.columns
        var lower = [Float](repeating: .nan, count: tokens * shape.rows)
        var upper = lower
        let status = withScratch(tokens) {
            bn_fast_head_bounds(copy, pool?.pointer, &lower, &upper, x, tokens, $0)
        }
        return status == BN_OK ? (lower, upper) : nil
    }

    private func withScratch(_ tokens: Int, _ body: (UnsafeMutableRawPointer?) -> bn_status) -> bn_status {
        let byteCount = bn_fast_head_scratch_byte_count(shape.rows, shape.columns, tokens)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        defer { scratch.deallocate() }
        return body(scratch.baseAddress)
    }
}
