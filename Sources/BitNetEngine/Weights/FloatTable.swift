// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary

/// Floats kept in the encoding in which they arrived, quantised or not: the embedding or the head
/// `[vocabulary, hidden]`, or the gain of an RMSNorm `[1, channels]`.
struct FloatTable: Sendable {
    let memory: PageMemory
    let type: bn_float_type

    /// - Precondition: `tensor` is not ternary.
    /// - Throws: ``EngineError`` naming `place` if there is no memory for it, or if a quantised table has a
    ///   scale that is not finite.
    init(copying tensor: TensorView, place: String, pool: ComputePool) throws(EngineError) {
        memory = try PageMemory(byteCount: tensor.bytes.count, for: place)
        UnsafeMutableRawBufferPointer(start: memory.start, count: memory.byteCount)
            .copyMemory(from: tensor.bytes)
        switch tensor.encoding {
        case .float16: type = BN_FLOAT16
        case .bfloat16: type = BN_BFLOAT16
        case .float32: type = BN_FLOAT32
        case .q8Zero: type = BN_Q8_0
        case .q4Zero: type = BN_Q4_0
        case .q4K: type = BN_Q4_K
        case .q6K: type = BN_Q6_K
        case .t5, .t5Rows, .t5Group64Half, .t5Group128Half, .t5Group256Half, .t5Group64, .t5Group128,
            .t5Group256:
            throw EngineError(.invalidPart, "\(place) is written as \(tensor.encoding), expected floats")
        }
        let row = bn_table_first_invalid_row(pool.handle, memory.start, type, tensor.rows, tensor.columns)
        guard row == tensor.rows else {
            throw EngineError(
                .invalidPart,
                "\(place): row \(row) of the \(tensor.encoding) table has a block scale that is not finite; "
                    + "the model file is damaged, fetch or convert it again")
        }
    }

    /// The values of a table whose type is float32, as every gain's is.
    var floats: UnsafePointer<Float> { UnsafePointer(memory.pointer(as: Float.self)) }

    var byteCount: Int { memory.byteCount }
}
