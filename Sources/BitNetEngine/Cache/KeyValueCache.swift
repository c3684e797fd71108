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
    private let memory: PageMemory
    /// One per layer of the stage; all point into `memory`.
    let layers: [bn_kv]

    /// - Precondition: model, layers and shape are within `Limits`.
    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(model: ModelDescription, layers: LayerRange, shape: CacheShape) throws(EngineError) {
        let block = shape.blockByteCount(model: model)
        let needed = bn_kv_byte_count(
            shape.type.kernelType, shape.slots, shape.context, model.keyValueHeadCount, model.headSize)
        precondition(block >= needed, "a layer's keys take \(needed) bytes, accounted are \(block)")
        let memory = try PageMemory(
            byteCount: 2 * layers.count * block,
            for: "the KV cache of \(shape.slots) sequences of \(shape.context) tokens")
        self.memory = memory
        self.layers = (0..<layers.count).map { layer in
            bn_kv(
                keys: memory.start + 2 * layer * block,
                values: memory.start + (2 * layer + 1) * block,
                type: shape.type.kernelType,
                context: shape.context,
                kv_heads: model.keyValueHeadCount,
                head_size: model.headSize)
        }
    }

    var byteCount: Int { memory.byteCount }
}
