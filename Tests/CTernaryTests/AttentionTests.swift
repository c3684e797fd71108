// SPDX-License-Identifier: MIT
import CTernary
import Testing

@Suite struct AttentionTests {
    /// Keys and values of `slots` sequences.
    private final class Cache {
        let context: Int
        let heads: Int
        let headSize: Int
        let type: bn_kv_type
        private let keys: UnsafeMutableRawPointer
        private let values: UnsafeMutableRawPointer

        init(slots: Int, context: Int, heads: Int, headSize: Int, type: bn_kv_type) {
            self.context = context
            self.heads = heads
            self.headSize = headSize
            self.type = type
            let byteCount = bn_kv_byte_count(type, slots, context, heads, headSize)
            keys = .allocate(byteCount: byteCount, alignment: 64)
            values = .allocate(byteCount: byteCount, alignment: 64)
            // NaN wherever nothing has been stored: reading too far would show.
            keys.initializeMemory(as: UInt8.self, repeating: 0xff, count: byteCount)
            values.initializeMemory(as: UInt8.self, repeating: 0xff, count: byteCount)
        }

        deinit {
            keys.deallocate()
            values.deallocate()
        }

        var kv: bn_kv {
            bn_kv(
                keys: keys, values: values, type: type, context: context, kv_heads: heads,
                head_size: headSize)
        }

        func store(
            _ k: [Float], _ v: [Float], slots: [UInt32], positions: [UInt32], on variant: Variant,
            threads: Int = 1
        ) throws {
            let pool = try Pool(threads: threads)
            var kv = kv
            bn_kv_store(try variant.kernels, pool.pointer, &kv, k, v, slots.count, slots, positions)
        }

        func copy(from: UInt32, to: UInt32, count: Int, threads: Int) throws {
            let pool = try Pool(threads: threads)
            var kv = kv
            bn_kv_copy(pool.pointer, &kv, from, to, count)
        }

        func attend(
            _ q: [Float], heads: Int, slots: [UInt32], positions: [UInt32], on variant: Variant, threads: Int
        ) throws -> [Float] {
            let pool = try Pool(threads: threads)
            var kv = kv
            let scratchCount = bn_attention_scratch_count(threads, heads, self.heads, headSize)
            var scratch = [Float](repeating: .nan, count: scratchCount)
            var out = [Float](repeating: .nan, count: q.count)
            bn_attention(
                try variant.kernels, pool.pointer, &kv, &out, q, slots.count, heads, slots, positions,
                &scratch)
            return out
        }
    }

    private static let types = [BN_KV_FLOAT32, BN_KV_FLOAT16, BN_KV_INT8].map(\.rawValue)

    struct Shape: Sendable {
        var heads: Int
        var keyValueHeads: Int
        var headSize: Int
    }

    @Test(
        arguments: [
            Shape(heads: 2, keyValueHeads: 1, headSize: 2), Shape(heads: 4, keyValueHeads: 2, headSize: 16),
            Shape(heads: 6, keyValueHeads: 2, headSize: 33), Shape(heads: 5, keyValueHeads: 5, headSize: 12),
            Shape(heads: 15, keyValueHeads: 1, headSize: 20), Shape(heads: 8, keyValueHeads: 1, headSize: 64),
            Shape(heads: 1, keyValueHeads: 1, headSize: 130),
        ], types)
    func `blends have the bits of their definition`(shape: Shape, type: UInt32) throws {
        let type = bn_kv_type(type)
        let (heads, headSize) = (shape.heads, shape.headSize)
        var generator = Generator(seed: UInt64(headSize))
        let length = 514
        let row = shape.keyValueHeads * headSize
        let k = generator.floats(length * row)
        let v = generator.floats(length * row)
        let asked: [UInt32] = [0, 14, 15, 16, 63, 64, 255, 256, 513]
        let q = generator.floats(asked.count * heads * headSize)
        var expected: [Float] = []
        for token in asked.indices {
            for head in 0..<heads {
                let start = (token * heads + head) * headSize
                let group = head / (heads / shape.keyValueHeads)
                let rows = (0...Int(asked[token])).map { $0 * row + group * headSize }
                expected += Reference.attention(
                    query: Array(q[start..<start + headSize]),
                    keys: rows.map { Array(k[$0..<$0 + headSize]) },
                    values: rows.map { Array(v[$0..<$0 + headSize]) }, type: type)
            }
        }
        let positions = (0..<UInt32(length)).map { $0 }
        for variant in Variant.all {
            for threads in [1, 3] {
                let cache = Cache(
                    slots: 2, context: length, heads: shape.keyValueHeads, headSize: headSize, type: type)
                try cache.store(
                    k, v, slots: Array(repeating: 1, count: length), positions: positions, on: variant,
                    threads: threads)
                let out = try cache.attend(
                    q, heads: heads, slots: Array(repeating: 1, count: asked.count), positions: asked,
                    on: variant, threads: threads)
                #expect(out.bits == expected.bits, "\(variant.testDescription), \(threads) threads")
            }
        }
    }

    @Test(arguments: Variant.all, types)
    func `a token's result depends on neither its batch nor the threads`(
        variant: Variant, type: UInt32
    ) throws {
        var generator = Generator(seed: 21)
        let length = 1030
        let (heads, keyValueHeads, headSize) = (6, 3, 8)
        let row = heads * headSize
        let cache = Cache(
            slots: 3, context: length, heads: keyValueHeads, headSize: headSize, type: bn_kv_type(type))
        let positions = (0..<UInt32(length)).map { $0 }
        for slot in [UInt32](0..<3) {
            try cache.store(
                generator.floats(length * keyValueHeads * headSize),
                generator.floats(length * keyValueHeads * headSize),
                slots: Array(repeating: slot, count: length), positions: positions, on: variant, threads: 2)
        }
        let edges: [UInt32] = [0, 14, 15, 16, 62, 63, 64, 254, 255, 256, 510, 511, 512, 1023, 1024, 1029]
        let asked = edges + edges.reversed() + positions[..<200]
        let slots = asked.indices.map { UInt32($0 < 24 ? $0 % 3 : 2) }
        let q = generator.floats(asked.count * row)
        let together = try cache.attend(
            q, heads: heads, slots: slots, positions: asked, on: variant, threads: 1)
        for threads in [2, 3, 5] {
            let again = try cache.attend(
                q, heads: heads, slots: slots, positions: asked, on: variant, threads: threads)
            #expect(again.bits == together.bits, "\(threads) threads")
            // Alone, long sequences of three key heads are shared out by spans.
            for token in stride(from: 0, to: asked.count, by: 5) {
                let alone = try cache.attend(
                    Array(q[token * row..<(token + 1) * row]), heads: heads, slots: [slots[token]],
                    positions: [asked[token]], on: variant, threads: threads)
                #expect(alone.bits == together[token * row..<(token + 1) * row].map(\.bitPattern))
            }
        }
    }

    @Test(arguments: Variant.all)
    func `blends are close to the exact ones`(variant: Variant) throws {
        var generator = Generator(seed: 5)
        let (length, headSize) = (1025, 128)
        let k = generator.floats(length * headSize, within: 1)
        let v = generator.floats(length * headSize, within: 1)
        let q = generator.floats(headSize)
        var blend = [Double](repeating: 0, count: headSize)
        var total = 0.0
        for position in 0..<length {
            let start = position * headSize
            var score = 0.0
            for index in 0..<headSize { score += Double(q[index]) * Double(k[start + index]) }
            let weight = bn_exp(score / Double(headSize).squareRoot())
            for index in 0..<headSize { blend[index] += weight * Double(v[start + index]) }
            total += weight
        }
        for (type, bound) in [(BN_KV_FLOAT32, 1e-5), (BN_KV_FLOAT16, 1e-4), (BN_KV_INT8, 2e-3)] {
            let cache = Cache(slots: 1, context: length, heads: 1, headSize: headSize, type: type)
            try cache.store(
                k, v, slots: Array(repeating: 0, count: length), positions: (0..<UInt32(length)).map { $0 },
                on: variant)
            let out = try cache.attend(
                q, heads: 1, slots: [0], positions: [UInt32(length - 1)], on: variant, threads: 1)
            let error = out.indices.map { abs(Double(out[$0]) - blend[$0] / total) }.max() ?? .infinity
            #expect(error < bound, "\(type)")
        }
    }

    @Test(arguments: Variant.all, types)
    func `a sequence can be rewound and written again`(variant: Variant, type: UInt32) throws {
        var generator = Generator(seed: 8)
        let (length, row) = (300, 32)
        let cache = Cache(slots: 1, context: length, heads: 2, headSize: 16, type: bn_kv_type(type))
        let positions = (0..<UInt32(length)).map { $0 }
        let slots = [UInt32](repeating: 0, count: length)
        let q = generator.floats(2 * row)
        let (k, v) = (generator.floats(length * row), generator.floats(length * row))
        try cache.store(k, v, slots: slots, positions: positions, on: variant)
        let asked: [UInt32] = [36, 299]
        let first = try cache.attend(q, heads: 2, slots: [0, 0], positions: asked, on: variant, threads: 1)
        // Other values, infinite ones among them, from position 37 on.
        let others = Array(repeating: Float.infinity, count: 100 * row) + generator.floats(163 * row)
        try cache.store(
            others, others, slots: Array(slots[37...]), positions: Array(positions[37...]), on: variant)
        let rewound = try cache.attend(
            Array(q[..<row]), heads: 2, slots: [0], positions: [36], on: variant, threads: 1)
        #expect(rewound.bits == first[..<row].map(\.bitPattern))
        try cache.store(
            Array(k[(37 * row)...]), Array(v[(37 * row)...]), slots: Array(slots[37...]),
            positions: Array(positions[37...]), on: variant)
        let again = try cache.attend(q, heads: 2, slots: [0, 0], positions: asked, on: variant, threads: 1)
        #expect(again.bits == first.bits)
    }

    @Test(arguments: types)
    func `a slot's copy gives its bits`(type: UInt32) throws {
        var generator = Generator(seed: 13)
        let (length, heads, headSize) = (530, 3, 21)
        let row = heads * headSize
        let positions = (0..<UInt32(length)).map { $0 }
        let variant = Variant.scalar
        for count in [1, 2, 15, 16, 17, 256, 257, 529, 530] {
            for threads in [1, 3] {
                let cache = Cache(
                    slots: 3, context: length, heads: heads, headSize: headSize, type: bn_kv_type(type))
                for slot in [UInt32](0..<2) {
                    try cache.store(
                        generator.floats(length * row), generator.floats(length * row),
                        slots: Array(repeating: slot, count: length), positions: positions, on: variant)
                }
                let query = generator.floats(row)
                func attended(_ slots: [UInt32]) throws -> [UInt32] {
                    try cache.attend(
                        query + query, heads: heads, slots: slots,
                        positions: slots.map { _ in UInt32(count - 1) },
                        on: variant, threads: threads
                    ).bits
                }
                let before = try attended([0, 1])
                try cache.copy(from: 0, to: 2, count: count, threads: threads)
                let copied = try attended([2, 1])
                #expect(copied == before, "\(count) positions, \(threads) threads")
                try cache.copy(from: 2, to: 1, count: count, threads: threads)
                let again = try attended([0, 1])
                #expect(again == Array(before[..<row] + before[..<row]))
            }
        }
    }

    /// Positions 0 ..< 40 of one head, of which position 20's key or value is another.
    private func disturbed(_ variant: Variant, key: [Float]? = nil, value: [Float]? = nil) throws -> [[Float]]
    {
        let headSize = 20
        var generator = Generator(seed: 3)
        var (k, v) = (generator.floats(40 * headSize), generator.floats(40 * headSize))
        let q = generator.floats(2 * headSize)
        if let key { k.replaceSubrange(20 * headSize..<21 * headSize, with: key) }
        if let value { v.replaceSubrange(20 * headSize..<21 * headSize, with: value) }
        let cache = Cache(slots: 1, context: 40, heads: 1, headSize: headSize, type: BN_KV_INT8)
        try cache.store(
            k, v, slots: Array(repeating: 0, count: 40), positions: (0..<40).map { $0 }, on: variant)
        let out = try cache.attend(q, heads: 1, slots: [0, 0], positions: [19, 39], on: variant, threads: 1)
        return [Array(out[..<headSize]), Array(out[headSize...])]
    }

    @Test(arguments: Variant.all, [Float.infinity, -.infinity, .nan])
    func `a key or value that is not finite shows, but to no one before it`(
        variant: Variant, bad: Float
    ) throws {
        let good = try disturbed(variant)
        var row = [Float](repeating: 1, count: 20)
        row[17] = bad
        for found in [try disturbed(variant, key: row), try disturbed(variant, value: row)] {
            #expect(found[0].bits == good[0].bits)
            #expect(found[1].allSatisfy { $0.isNaN })
        }
    }

    @Test(arguments: Variant.all)
    func `zeros and numbers next to nothing are codes of zero`(variant: Variant) throws {
        let zeros = [Float](repeating: 0, count: 20)
        let tiny = zeros.indices.map { $0 % 2 == 0 ? Float(0x1p-100).nextDown : -0x1p-149 }
        let none = try disturbed(variant, key: zeros, value: zeros)
        let almost = try disturbed(variant, key: tiny, value: tiny)
        #expect(almost.map(\.bits) == none.map(\.bits))
        #expect(none[1].allSatisfy { $0.isFinite })
        // The least that counts, behind which are codes like any other's.
        let least = try disturbed(variant, key: zeros.map { _ in 0x1p-100 }, value: zeros)
        #expect(least[1].allSatisfy { $0.isFinite })
    }

    @Test(arguments: Variant.all)
    func `the largest head's sums do not overflow`(variant: Variant) throws {
        // Every code at its largest, as 1024 · 127 · 16383 and 256 · 127 · 32767 below 2^31, and the first
        // position's against all others.
        let (length, headSize) = (300, 1024)
        let cache = Cache(slots: 1, context: length, heads: 1, headSize: headSize, type: BN_KV_INT8)
        let rows = (0..<length * headSize).map { $0 < headSize ? Float(-0.25) : 0.25 }
        try cache.store(
            rows, rows, slots: Array(repeating: 0, count: length), positions: (0..<UInt32(length)).map { $0 },
            on: variant)
        for sign: Float in [1, -1] {
            let q = [Float](repeating: sign * 3, count: headSize)
            let out = try cache.attend(
                q, heads: 1, slots: [0], positions: [UInt32(length - 1)], on: variant, threads: 1)
            #expect(out.allSatisfy { abs($0 - sign * 0.25) < 1e-4 })
        }
    }
}
