// SPDX-License-Identifier: MIT
import BitNetCore
import CTernary

extension CacheType {
    var kernelType: bn_kv_type {
        switch self {
        case .f32: BN_KV_FLOAT32
        case .f16: BN_KV_FLOAT16
        case .int8: BN_KV_INT8
        }
    }
}

/// Keys and values of every token that the open sequences hold, for the layers of one stage.
///
/// Per layer the keys of all slots, then the values, laid out as the kernels want them. Allocated once; pages
/// that no sequence has reached take no memory.
struct KeyValueCache {
    /// By layer: each may outlive the stage.
    let memories: [Int: PageMemory]
    /// One per layer of the stage; all point into `memories`.
    let layers: [bn_kv]

    /// - Parameter kept: what there is already, by layer; of the same shape.
    /// - Precondition: model, layers and shape are within `Limits`.
    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(
        model: ModelDescription, layers: LayerRange, shape: CacheShape, kept: [Int: PageMemory] = [:]
    ) throws(EngineError) {
        let block = shape.blockByteCount(model: model)
        let needed = bn_kv_byte_count(
            shape.type.kernelType, shape.slots, shape.context, model.keyValueHeadCount, model.headSize)
        precondition(block >= needed, "a layer's keys take \(needed) bytes, accounted are \(block)")
        var memories: [Int: PageMemory] = [:]
        var caches: [bn_kv] = []
        for layer in layers.first..<layers.end {
            let memory =
                if let memory = kept[layer] { memory } else {
                    try PageMemory(
                        byteCount: 2 * block,
                        for:
                            "the KV cache of \(shape.slots) sequences of \(shape.context) tokens in layer \(layer)"
                    )
                }
            memories[layer] = memory
            caches.append(
                bn_kv(
                    keys: memory.start, values: memory.start + block, type: shape.type.kernelType,
                    context: shape.context, kv_heads: model.keyValueHeadCount, head_size: model.headSize))
        }
        self.memories = memories
        self.layers = caches
    }

    var byteCount: Int { memories.values.reduce(0) { $0 + $1.byteCount } }
}
