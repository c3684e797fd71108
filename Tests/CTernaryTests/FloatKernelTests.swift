// SPDX-License-Identifier: MIT
import CTernary
import Testing

private let lengths = [1, 2, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 128, 336, 1000]

@Suite struct FloatKernelTests {
    @Test(arguments: Variant.all, lengths)
    func `RMS norm has the bits of its definition`(variant: Variant, columns: Int) throws {
        var generator = Generator(seed: UInt64(columns))
        let weight = generator.floats(columns)
        for threads in [1, 3] {
            let pool = try Pool(threads: threads)
            let x = generator.awkwardFloats(4 * columns)
            var out = [Float](repeating: 0, count: 4 * columns)
            bn_rms_norm(try variant.kernels, pool.pointer, &out, x, weight, 4, columns, 1e-5)
            let expected = (0..<4).flatMap {
                Reference.rmsNorm(Array(x[$0 * columns..<($0 + 1) * columns]), weight: weight, epsilon: 1e-5)
            }
            #expect(out.bits == expected.bits)
            var inPlace = x
            inPlace.withUnsafeMutableBufferPointer { x in
                guard let base = x.baseAddress, let kernels = try? variant.kernels else { return }
                bn_rms_norm(kernels, pool.pointer, base, base, weight, 4, columns, 1e-5)
            }
            #expect(inPlace.bits == expected.bits)
        }
    }

    @Test(arguments: Variant.all, [true, false])
    func `rotation has the bits of its definition`(variant: Variant, adjacent: Bool) throws {
        var generator = Generator(seed: 3)
        for headSize in [2, 6, 16, 34, 64, 80, 128] {
            let half = headSize / 2
            let cosines = generator.floats(10 * half, within: 1)
            let sines = generator.floats(10 * half, within: 1)
            let positions: [UInt32] = [9, 0, 4]
            let stride = 3 * headSize + 5
            let before = generator.floats(3 * stride)
            var x = before
            let pool = try Pool(threads: 2)
            bn_rope(
                try variant.kernels, pool.pointer, &x, stride, 3, 3, headSize, positions, cosines, sines,
                adjacent)
            var expected = before
            for token in 0..<3 {
                for head in 0..<3 {
                    for j in 0..<half {
                        let start = token * stride + head * headSize
                        let a = start + (adjacent ? 2 * j : j)
                        let b = start + (adjacent ? 2 * j + 1 : j + half)
                        let cosine = cosines[Int(positions[token]) * half + j]
                        let sine = sines[Int(positions[token]) * half + j]
                        expected[a] = before[a] * cosine - before[b] * sine
                        expected[b] = before[a] * sine + before[b] * cosine
                    }
                }
            }
            #expect(x.bits == expected.bits, "head size \(headSize)")
        }
    }

    @Test(arguments: Variant.all, [1, 7, 16, 33, 1000, 20000])
    func `gates have the bits of their definition`(variant: Variant, count: Int) throws {
        var generator = Generator(seed: UInt64(count))
        let gate = generator.awkwardFloats(count)
        let up = generator.awkwardFloats(count)
        let pool = try Pool(threads: 3)
        var squared = gate
        bn_gate(try variant.kernels, pool.pointer, &squared, up, count, true)
        let expectedSquares = zip(gate, up).map { ($0 > 0 ? $0 : 0) * ($0 > 0 ? $0 : 0) * $1 }
        #expect(squared.bits == expectedSquares.bits)
        var smooth = gate
        bn_gate(try variant.kernels, pool.pointer, &smooth, up, count, false)
        let expectedSmooth = zip(gate, up).map { $0 / (1 + Reference.exp(-$0)) * $1 }
        #expect(smooth.bits == expectedSmooth.bits)
    }

    @Test(arguments: Variant.all, [BN_FLOAT32, BN_FLOAT16, BN_BFLOAT16].map(\.rawValue))
    func `embedding and head have the bits of their definition`(variant: Variant, type: UInt32) throws {
        var generator = Generator(seed: 11)
        let pool = try Pool(threads: 2)
        for columns in [1, 15, 16, 17, 80, 336] {
            let rows = 37
            let table = HalfTable(generator.floats(rows * columns), type: bn_float_type(type))
            let ids: [UInt32] = [36, 0, 7, 7]
            var embedded = [Float](repeating: 0, count: 4 * columns)
            try table.bytes.withUnsafeBytes { bytes in
                bn_embed(
                    try variant.kernels, pool.pointer, &embedded, bytes.baseAddress, table.type, ids, 4,
                    columns)
            }
            let rowValues = (0..<rows).map { table.values[$0 * columns..<($0 + 1) * columns] }
            #expect(embedded.bits == ids.flatMap { rowValues[Int($0)] }.bits)
            for tokens in [1, 2, 4, 7] {
                let x = generator.floats(tokens * columns)
                var logits = [Float](repeating: 0, count: tokens * rows)
                try table.bytes.withUnsafeBytes { bytes in
                    bn_head(
                        try variant.kernels, pool.pointer, &logits, x, bytes.baseAddress, table.type, tokens,
                        rows, columns)
                }
                let expected = (0..<tokens).flatMap { token in
                    rowValues.map { Reference.dot(x[token * columns..<(token + 1) * columns], $0) }
                }
                #expect(logits.bits == expected.bits, "\(columns) columns, \(tokens) tokens")
            }
        }
    }

    @Test(arguments: Variant.all, [1, 2, 15, 16, 17, 999, 4096, 128_256])
    func `log-sum-exp has the bits of its definition`(variant: Variant, count: Int) throws {
        var generator = Generator(seed: UInt64(count))
        for bound: Float in count > 5000 ? [20] : [0.1, 20, 800] {
            let logits = generator.floats(count, within: bound)
            let largest = Double(logits.max() ?? 0)
            // At most 64 spans of a multiple of 1024, summed in order.
            let span = ((count + 63) / 64 + 1023) / 1024 * 1024
            var total = 0.0
            for start in stride(from: 0, to: count, by: span) {
                let part = logits[start..<min(start + span, count)]
                total += Reference.sum(part.map { bn_exp(Double($0) - largest) })
            }
            let expected = largest + bn_log(total)
            for threads in [1, 3] {
                let pool = try Pool(threads: threads)
                let actual = bn_log_sum_exp(try variant.kernels, pool.pointer, logits, count)
                #expect(actual.bitPattern == expected.bitPattern)
            }
            let alone = bn_log_sum_exp(try variant.kernels, nil, logits, count)
            #expect(alone.bitPattern == expected.bitPattern)
        }
    }
}

/// A table in one of the three encodings and the floats that it stands for.
struct HalfTable {
    let type: bn_float_type
    let bytes: [UInt8]
    let values: [Float]

    init(_ floats: [Float], type: bn_float_type) {
        self.type = type
        switch type {
        case BN_FLOAT16:
            let halves = floats.map { Float16($0) }
            values = halves.map { Float($0) }
            bytes = halves.withUnsafeBytes { [UInt8]($0) }
        case BN_BFLOAT16:
            let halves = floats.map { UInt16($0.bitPattern >> 16) }
            values = halves.map { Float(bitPattern: UInt32($0) << 16) }
            bytes = halves.withUnsafeBytes { [UInt8]($0) }
        default:
            values = floats
            bytes = floats.withUnsafeBytes { [UInt8]($0) }
        }
    }
}
