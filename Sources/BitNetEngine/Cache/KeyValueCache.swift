// SPDX-License-Identifier: MIT
package import BitNetCore
import CTernary

/// How keys and values are kept between steps.
package enum CacheType: String, CaseIterable, Sendable {
    /// Exact.
    case f32
    /// Half the memory, rounded to 11 bits.
    case f16
    /// A quarter of the memory and a little more: 8 bits, with one scale for each token's key of each head, and
    /// one for its value.
    case int8

    var kernelType: bn_kv_type {
        switch self {
        case .f32: BN_KV_FLOAT32
        case .f16: BN_KV_FLOAT16
        case .int8: BN_KV_INT8
        }
    }

    /// Bytes that attention reads of one position's keys of one layer, and of its values as many.
    func byteCountPerPosition(model: ModelDescription) -> Int {
        switch self {
        case .f32: 4 * model.keyValueSize
        case .f16: 2 * model.keyValueSize
        case .int8: model.keyValueSize + 4 * model.keyValueHeadCount
        }
    }

    /// All names, for messages that say what can be had.
    package static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// How many sequences, how long, and in which type a cache holds.
package struct CacheShape: Equatable, Sendable {
    /// Sequences at a time.
    package var slots: Int
    /// Positions of each sequence.
    package var context: Int
    package var type: CacheType

    package init(slots: Int, context: Int, type: CacheType = .f16) {
        self.slots = slots
        self.context = context
        self.type = type
    }
}

/// Keys and values of every token that the open sequences hold, for the layers of one stage.
///
/// Per layer the keys of all slots, then the values, laid out as the kernels want them. Allocated once; pages
/// that no sequence has reached take no memory.
package struct KeyValueCache {
    private let memory: PageMemory
    /// One per layer of the stage; all point into `memory`.
    let layers: [bn_kv]

    /// - Precondition: model, layers and shape are within `Limits`.
    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(model: ModelDescription, layers: LayerRange, shape: CacheShape) throws(EngineError) {
        let block = Self.blockByteCount(model: model, shape: shape)
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

    /// Bytes of one layer's keys, on a 64-byte boundary.
    private static func blockByteCount(model: ModelDescription, shape: CacheShape) -> Int {
        bn_kv_byte_count(
            shape.type.kernelType, shape.slots, shape.context, model.keyValueHeadCount, model.headSize
        ).roundedUp(to: 64)
    }

    /// Bytes that the cache of one stage takes once every row is written.
    ///
    /// - Precondition: everything is within `Limits`, whose product is 2^62, so that no step overflows.
    package static func byteCount(
        model: ModelDescription, layers: LayerRange, slots: Int, context: Int, type: CacheType
    ) -> UInt64 {
        let shape = CacheShape(slots: slots, context: context, type: type)
        return UInt64(2 * layers.count * blockByteCount(model: model, shape: shape))
    }
}

extension Int {
    /// The least multiple of `unit` that is not below this non-negative number.
    func roundedUp(to unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
