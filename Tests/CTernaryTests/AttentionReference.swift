// SPDX-License-Identifier: MIT
import CTernary

extension Reference {
    /// Codes up to ±largest, and the scale that turns them back.
    static func encoded(_ x: [Float], largest: Float) -> (codes: [Int], scale: Float) {
        let magnitude = x.map(abs).max() ?? 0
        guard magnitude >= 0x1p-100 else { return (x.map { _ in 0 }, 0) }
        let inverse = largest / magnitude
        return (x.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }, magnitude / largest)
    }

    /// One head over positions 0 ..< keys.count in spans of 256, with a cache of that type.
    static func attention(
        query: [Float], keys: [[Float]], values: [[Float]], type: bn_kv_type
    ) -> [Float] {
        var blend = [Float](repeating: 0, count: query.count)
        var (largest, total): (Float, Float) = (0, 0)
        for start in stride(from: 0, to: keys.count, by: 256) {
            let span = start..<min(start + 256, keys.count)
            let scores = scores(query, Array(keys[span]), type)
            let spanLargest = scores.max() ?? 0
            var weights = scores.map { exp($0 - spanLargest) }
            if type == BN_KV_FLOAT16 { weights = weights.map(roundedTo13Bits) }
            let spanBlend = self.blend(weights, Array(values[span]), type)
            if start == 0 {
                (blend, largest, total) = (spanBlend, spanLargest, sum(weights))
                continue
            }
            let both = max(largest, spanLargest)
            let (before, added) = (exp(largest - both), exp(spanLargest - both))
            for index in query.indices { blend[index] = blend[index] * before + spanBlend[index] * added }
            total = total * before + sum(weights) * added
            largest = both
        }
        return blend.map { $0 / total }
    }

    private static func scores(_ query: [Float], _ keys: [[Float]], _ type: bn_kv_type) -> [Float] {
        let scale = 1 / Float(query.count).squareRoot()
        if type == BN_KV_INT8 {
            let query = encoded(query, largest: 16383)
            return keys.map { key in
                let key = encoded(key, largest: 127)
                let sum = zip(query.codes, key.codes).reduce(0) { $0 + $1.0 * $1.1 }
                return Float(sum) * key.scale * (query.scale * scale)
            }
        }
        let query = type == BN_KV_FLOAT16 ? query.map(roundedTo13Bits) : query
        return keys.map { key in
            zip(query, cached(key, type)).reduce(Float(0)) { $0 + $1.0 * $1.1 } * scale
        }
    }

    private static func blend(_ weights: [Float], _ values: [[Float]], _ type: bn_kv_type) -> [Float] {
        let indices = values.first?.indices ?? 0..<0
        if type == BN_KV_INT8 {
            let values = values.map { encoded($0, largest: 127) }
            let weights = encoded(zip(weights, values).map { $0 * $1.scale }, largest: 32767)
            return indices.map { index in
                Float(zip(weights.codes, values).reduce(0) { $0 + $1.0 * $1.1.codes[index] }) * weights.scale
            }
        }
        let values = values.map { cached($0, type) }
        return indices.map { index in
            zip(weights, values).reduce(Float(0)) { $0 + $1.0 * $1.1[index] }
        }
    }

    private static func cached(_ row: [Float], _ type: bn_kv_type) -> [Float] {
        type == BN_KV_FLOAT16 ? row.map { Float(Float16($0)) } : row
    }
}
