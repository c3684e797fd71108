// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary

/// Floats kept in the encoding in which they arrived: the embedding or the head `[vocabulary, hidden]`, or
/// the gain of an RMSNorm `[1, channels]`.
struct FloatTable: Sendable {
    let memory: PageMemory
    let type: bn_float_type

    /// - Precondition: `tensor` is not ternary.
    /// - Throws: ``EngineError`` naming `place` if there is no memory for it.
    init(copying tensor: TensorView, place: String) throws(EngineError) {
        memory = try PageMemory(byteCount: tensor.bytes.count, for: place)
        UnsafeMutableRawBufferPointer(start: memory.start, count: memory.byteCount)
            .copyMemory(from: tensor.bytes)
        switch tensor.encoding {
        case .float16: type = BN_FLOAT16
        case .bfloat16: type = BN_BFLOAT16
        default: type = BN_FLOAT32
        }
    }

    /// The values of a table whose type is float32, as every gain's is.
    var floats: UnsafePointer<Float> { UnsafePointer(memory.pointer(as: Float.self)) }

    var byteCount: Int { memory.byteCount }
}
