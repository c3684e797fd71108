// SPDX-License-Identifier: MIT
import CTernary
import Testing

@Suite struct AttentionTests {
    /// Keys and values of `slots` sequences.
    private final class Cache {
        let context: Int
        let heads: Int
        let headSize: Int
        let type: bn_float_type
        private let keys: UnsafeMutableRawPointer
        private let values: UnsafeMutableRawPointer

        init(slots: Int, context: Int, heads: Int, headSize: Int, type: bn_float_type) {
            self.context = context
            self.heads = heads
            self.headSize = headSize
            self.type = type
            let byteCount = slots * context * heads * headSize * 4
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
            _ k: [Float], _ v: [Float], slots: [UInt32], positions: [UInt32], on variant: Variant
        )
            throws
        {
            var kv = kv
            bn_kv_store(try variant.kernels, &kv, k, v, slots.count, slots, positions)
        }

        func attend(
            _ q: [Float], heads: Int, slots: [UInt32], positions: [UInt32], on variant: Variant, threads: Int
        ) throws -> [Float] {
            let pool = try Pool(threads: threads)
            var kv = kv
            var scratch = [Float](repeating: .nan, count: threads * context)
            var out = [Float](repeating: .nan, count: q.count)
            bn_attention(
                try variant.kernels, pool.pointer, &kv, &out, q, slots.count, heads, slots, positions,
                &scratch)
            return out
        }
    }

    private static func rounded(_ values: [Float], to type: bn_float_type) -> [Float] {
        type == BN_FLOAT16 ? values.map { Float(Float16($0)) } : values
    }

    @Test(
        arguments: Variant.all, [(2, 1, 2), (4, 2, 16), (6, 3, 33), (4, 1, 80), (8, 2, 64), (2, 2, 130)])
    func `blends have the bits of their definition`(variant: Variant, shape: (Int, Int, Int)) throws {
        let (heads, keyValueHeads, headSize) = shape
        var generator = Generator(seed: UInt64(headSize))
        for type in [BN_FLOAT32, BN_FLOAT16] {
            let length = 37
            let row = keyValueHeads * headSize
            let cache = Cache(slots: 2, context: 40, heads: keyValueHeads, headSize: headSize, type: type)
            let k = generator.floats(length * row)
            let v = generator.floats(length * row)
            let positions = (0..<UInt32(length)).map { $0 }
            let slots = [UInt32](repeating: 1, count: length)
            try cache.store(k, v, slots: slots, positions: positions, on: variant)
            let asked: [UInt32] = [0, 15, 16, 36]
            let q = generator.floats(asked.count * heads * headSize)
            let keys = Self.rounded(k, to: type)
            let values = Self.rounded(v, to: type)
            let expected = asked.indices.flatMap { token in
                (0..<heads).flatMap { head in
                    let start = (token * heads + head) * headSize
                    let group = head / (heads / keyValueHeads)
                    let rows = (0...Int(asked[token])).map { $0 * row + group * headSize }
                    return Reference.attention(
                        query: Array(q[start..<start + headSize]),
                        keys: rows.map { Array(keys[$0..<$0 + headSize]) },
                        values: rows.map { Array(values[$0..<$0 + headSize]) })
                }
            }
            for threads in [1, 3] {
                let out = try cache.attend(
                    q, heads: heads, slots: [1, 1, 1, 1], positions: asked, on: variant, threads: threads)
                #expect(out.bits == expected.bits, "\(threads) threads, type \(type.rawValue)")
            }
        }
    }

    @Test(arguments: Variant.all)
    func `a token's result does not depend on its batch`(variant: Variant) throws {
        var generator = Generator(seed: 21)
        let cache = Cache(slots: 3, context: 50, heads: 2, headSize: 32, type: BN_FLOAT16)
        let slots = (0..<90).map { UInt32($0 / 30) }
        let positions = (0..<90).map { UInt32($0 % 30) }
        try cache.store(
            generator.floats(90 * 64), generator.floats(90 * 64), slots: slots, positions: positions,
            on: variant)
        let q = generator.floats(90 * 128)
        let together = try cache.attend(
            q, heads: 4, slots: slots, positions: positions, on: variant, threads: 2)
        for token in stride(from: 0, to: 90, by: 7) {
            let alone = try cache.attend(
                Array(q[token * 128..<(token + 1) * 128]), heads: 4, slots: [slots[token]],
                positions: [positions[token]], on: variant, threads: 1)
            #expect(alone.bits == together[token * 128..<(token + 1) * 128].map(\.bitPattern))
        }
    }
}
