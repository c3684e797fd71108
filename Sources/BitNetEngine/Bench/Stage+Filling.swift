// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

extension Stage {
    /// Gives an open slot `count` tokens that nobody computed: keys and values of no meaning, to measure what
    /// steps behind them cost.
    ///
    /// - Precondition: the slot is open and `count` is at most the cache's context.
    func fillCache(slot: UInt32, count: Int) {
        precondition(
            slots.indices.contains(Int(slot)) && slots[Int(slot)].sampling != nil, "slot \(slot) is not open")
        precondition(count <= cacheShape.context, "\(count) tokens of \(cacheShape.context)")
        let rows = min(tokensPerStepMax, max(count, 1))
        for index in 0..<rows * model.keyValueSize {
            scratch.key[index] = Float((index * 7919) % 2003) / 1001 - 1
            scratch.value[index] = Float((index * 6101) % 1999) / 999 - 1
        }
        for start in stride(from: 0, to: count, by: rows) {
            let tokens = min(rows, count - start)
            for index in 0..<tokens {
                scratch.slots[index] = slot
                scratch.positions[index] = UInt32(start + index)
            }
            for layer in cache.layers {
                withUnsafePointer(to: layer) { layer in
                    bn_kv_store(
                        kernels.table, pool.handle, layer, scratch.key, scratch.value, tokens, scratch.slots,
                        scratch.positions)
                }
            }
        }
        if isLastStage {
            (scratch.history + Int(slot) * cacheShape.context).update(repeating: 0, count: count)
        }
        slots[Int(slot)].tokenCount = UInt32(count)
    }

    /// Bytes of weights that every step reads from memory once.
    var layerByteCount: UInt64 { layerWeights.reduce(0) { $0 + $1.byteCount } }

    /// Bytes of the head as greedy sampling uses it.
    var headByteCount: UInt64 {
        UInt64(weights.fastHead?.byteCount ?? weights.head?.byteCount ?? 0)
    }

    /// Ternary weights of all layers.
    var ternaryWeightCount: Int {
        layerWeights.flatMap {
            [$0.query, $0.key, $0.value, $0.attentionOutput, $0.gate, $0.up, $0.down]
        }.reduce(0) { $0 + bn_matrix_rows($1.handle) * bn_matrix_columns($1.handle) }
    }
}
